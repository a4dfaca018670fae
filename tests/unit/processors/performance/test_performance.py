from __future__ import annotations

import numpy as np
import pytest

from config.performance import PerformancePolicy, ResponseBounds
from processors.parts import plain
from processors.performance.histogram import BUCKETS, bucket_of, quantiles
from processors.performance.score import LEVELS, level
from processors.performance.state import Performance
from processors.performance.window import Closing, Window


class Fleet:
    """Agents by slot whose windows are closed one after the other."""

    def __init__(self, policy: PerformancePolicy | None = None, kind: str = "agent") -> None:
        self.policy, self.kind = policy or PerformancePolicy(minimum_windows=1), kind
        self.performance = Performance()

    def close(self, metrics: dict[str, dict[int, float]], responses=()):
        """Close a window with one value a metric and slot; `responses` are rounds of the same."""
        for round_ in responses:
            slots = np.array(sorted(round_), dtype=np.int64)
            self.performance.respond(slots, np.array([round_[s] for s in slots.tolist()]))

        def window(name: str) -> Window:
            found = metrics.get(name, {})
            values = np.array([found[slot] for slot in sorted(found)], dtype=np.float64)
            return Window(np.array(sorted(found), dtype=np.int64), values, values)

        types = lambda slots: [self.kind] * len(slots)  # noqa: E731
        return dict(self.performance.close(Closing(self.policy, 7, 60.0, window, types)))


def work(completed: float, failed: float = 0.0, **others: float) -> dict[str, dict[int, float]]:
    return {
        k: {0: v}
        for k, v in {"completed_tasks": completed, "failed_tasks": failed, **others}.items()
    }


@pytest.mark.parametrize("spread", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_percentiles_are_within_a_bucket(spread, share):
    values = np.exp(np.random.default_rng(7).normal(5.0, spread, 5000))
    counts = np.bincount(bucket_of(values), minlength=BUCKETS).astype(np.float32)[None, :]
    assert quantiles(counts, [share])[0][0] == pytest.approx(np.quantile(values, share), rel=1 / 6)


def test_nothing_measured_has_no_percentile():
    assert np.isnan(quantiles(np.zeros((1, BUCKETS), dtype=np.float32), [0.95])[0][0])


def test_a_prompt_agent_that_succeeds_is_excellent():
    fleet = Fleet()
    fleet.close(work(100.0))
    told = fleet.close(work(160.0, cpu_usage=50.0), [{0: 40.0}] * 20)[0]
    assert (told.level, told.previous, told.policy_version) == ("excellent", "", 7)
    assert told.parts == {"response": 1.0, "success": 1.0, "utilisation": 1.0}
    assert (told.throughput_per_s, told.success_rate, told.utilisation) == (1.0, 1.0, 0.5)
    assert told.p95_ms == pytest.approx(40.0, rel=1 / 6)


def test_parts_fall_between_target_and_limit():
    fleet = Fleet()
    fleet.close(work(0.0))
    told = fleet.close(work(90.0, 10.0, cpu_usage=95.0), [{0: 550.0}] * 20)[0]
    assert told.success_rate == 0.9
    assert told.parts["success"] == pytest.approx((0.9 - 0.8) / 0.19, abs=1e-3)
    assert told.parts["utilisation"] == 0.25
    assert 0.4 < told.parts["response"] < 0.8
    assert told.level in {"poor", "fair"}


def test_throughput_is_held_against_what_is_usual_where_there_is_work():
    fleet = Fleet()
    for n in range(10):
        fleet.close(work(60.0 * n, active_tasks=3.0))
    slow = fleet.close(work(540.0 + 15.0, active_tasks=3.0))[0]
    assert slow.parts["throughput"] == pytest.approx(0.25, abs=0.01)
    idle = Fleet()
    for n in range(10):
        idle.close(work(60.0 * n, active_tasks=0.0))
    assert idle.close(work(540.0, active_tasks=0.0)) == {}


def test_a_counter_that_falls_was_restarted():
    fleet = Fleet()
    fleet.close(work(1000.0, 900.0))
    assert fleet.close(work(30.0, 90.0))[0].success_rate == 0.25


def test_errors_stand_for_tasks_where_none_are_counted_and_cost_where_it_is_declared():
    policy = PerformancePolicy(minimum_windows=1, cost_metric="cost_per_hour", cost_per_task=0.01)
    fleet = Fleet(policy)
    told = fleet.close({"error_rate": {3: 0.5}})
    assert (told[3].success_rate, told[3].level) == (0.5, "critical")
    fleet.close(work(0.0, cost_per_hour=3.0))
    dear = fleet.close(work(2.5, cost_per_hour=3.0))[0]  # 150 tasks an hour for 3
    assert (dear.cost_per_task, dear.parts["cost"]) == (0.02, 0.5)


def test_types_have_bounds_of_their_own():
    slow = ResponseBounds(target_ms=2000.0, limit_ms=30_000.0)
    policy = PerformancePolicy(minimum_windows=1, response_of_types={"ai_agent": slow})
    beats = [{0: 1500.0}] * 9
    metrics = {"response_time_avg": {0: 1500.0}}
    assert Fleet(policy, "ai_agent").close(metrics, beats)[0].level == "excellent"
    assert Fleet(policy).close(metrics, beats)[0].level == "critical"


def test_news_are_steps_and_levels_that_moved_past_their_margin():
    fleet = Fleet()
    rates = (0.0, 0.005, 0.01, 0.03, 0.2, 0.2)
    told = [fleet.close({"error_rate": {0: rate}}) for rate in rates]
    assert [bool(each) for each in told] == [True, False, False, True, True, False]
    p = fleet.policy
    now = np.array([LEVELS.index("good")] * 3)
    assert level(p, np.array([91.0, 92.0, 73.5]), now).tolist() == [3, 4, 3]


def test_too_few_windows_and_agents_without_work_have_no_score():
    fleet = Fleet(PerformancePolicy(minimum_windows=3))
    told = [fleet.close({"error_rate": {0: 0.0}, "cpu_usage": {1: 9.0}}) for _ in range(3)]
    assert [list(each) for each in told] == [[], [], [0]]


def dumped_of(performance: Performance) -> dict[str, bytes]:
    return {name: plain(column) for name, column in performance.parts().items()}


def test_equal_states_have_equal_bytes_whatever_the_order_of_agents():
    one, other = Fleet(), Fleet()
    for fleet, slots in ((one, (5, 900, 1)), (other, (1, 5, 900))):
        for slot in slots:
            fleet.performance.respond(np.array([slot]), np.array([3.0 * slot]))
        fleet.close({"error_rate": {5: 0.1}})
    dumped = dumped_of(one.performance)
    assert dumped == dumped_of(other.performance)
    other.performance = Performance()
    other.performance.load(dumped)
    assert dumped_of(other.performance) == dumped
    assert one.close({"error_rate": {900: 0.9}}) == other.close({"error_rate": {900: 0.9}})
    one.performance.forget(900)
    assert len(one.performance.parts()["slot"]) == 2
    one.performance.forget(10_000)


def test_more_agents_than_there_was_room_for_are_taken_in_one_batch():
    performance = Performance()
    performance.respond(np.arange(200), np.full(200, 40.0))
    assert performance.work.response[:200].sum() == 200.0
