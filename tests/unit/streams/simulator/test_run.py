"""The synthetic fleet: the same for a seed, valid on the wire, and true to its ground truth."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

from streams.contracts.telemetry import decode_heartbeat
from streams.simulator.encode import write_truth
from streams.simulator.faults import inject
from streams.simulator.fleet import Fleet, Member, mixed_members, moments
from streams.simulator.kinds import COLUMN, KINDS, SERVICE
from streams.simulator.run import Run
from streams.simulator.scenarios import SETS

START = 1_800_000_000.0


def run_of(seed: int = 1, scenario: str = "mixed", agents: int = 40) -> Run:
    return Run(agents, seed, scenario, START, 10.0, 1200.0)


def measured(fleet: Fleet, start: float, step_s: float, frames: int, together: int = 50):
    blocks = inject(fleet, moments(start, step_s, frames, together), [])
    return np.concatenate([block.values for block in blocks])


def test_a_seed_decides_everything() -> None:
    first, second = (list(run_of().batches()) for _ in range(2))
    assert first == second
    assert first != list(run_of(seed=2).batches())


def test_a_second_pass_over_one_run_is_the_same() -> None:
    run = run_of()
    assert list(run.batches()) == list(run.batches())


def test_what_an_agent_measures_depends_on_nobody_beside_it() -> None:
    members = mixed_members(30)
    together = measured(Fleet(members, 1), START, 60.0, 40)[:, 7]
    alone = measured(Fleet(members[7:8], 1), START, 60.0, 40)[:, 0]
    assert np.array_equal(together, alone, equal_nan=True)


def test_faults_do_not_depend_on_how_time_was_cut() -> None:
    run = run_of(scenario="all", agents=60)
    whole, cut = (
        list(inject(run.fleet, moments(START, 10.0, 120, together), run.faults))
        for together in (120, 7)
    )
    for name in ("values", "reporting", "ahead", "late", "twice"):
        parts = np.concatenate([getattr(block, name) for block in cut])
        assert np.array_equal(getattr(whole[0], name), parts, equal_nan=name == "values")


@pytest.mark.parametrize("scenario", SETS)
def test_every_record_keeps_the_contract(scenario: str) -> None:
    for elapsed, records in run_of(scenario=scenario, agents=20).batches():
        for record in records:
            heartbeat = decode_heartbeat(record.value)
            assert record.key == heartbeat.key.encode()
            assert heartbeat.at is not None
            if scenario != "all":
                assert heartbeat.at == pytest.approx(START + elapsed, abs=0.001)
            assert 0 <= heartbeat.metrics.get("cpu_usage", 0) <= 100
            assert 0 <= heartbeat.metrics.get("error_rate", 0) <= 1


def test_all_kinds_of_agents_take_part_and_say_where_they_stand() -> None:
    fleet = Fleet(mixed_members(40), 1)
    assert set(fleet.types) == {kind.name for kind in KINDS}
    assert fleet.labels(4) == {"host": "rack-0001", "group": "host"}
    assert fleet.labels(5)["depends_on"] == fleet.ids[4]


def test_metrics_follow_one_load() -> None:
    fleet = Fleet([Member(f"s-{n}", SERVICE) for n in range(20)], 3)
    values = measured(fleet, START, 600.0, 144)
    cpu, memory = values[:, :, COLUMN["cpu_usage"]], values[:, :, COLUMN["memory_usage"]]
    assert min(np.corrcoef(cpu[:, n], memory[:, n])[0, 1] for n in range(20)) > 0.7


def test_noon_is_busier_than_the_night_and_monday_than_sunday() -> None:
    midnight = START - START % 86_400  # a Friday
    fleet = Fleet([Member(f"s-{n}", SERVICE) for n in range(50)], 4)

    def cpu(hour: int) -> float:
        values = measured(fleet, midnight + hour * 3600, 60.0, 10)
        return float(values[:, :, COLUMN["cpu_usage"]].mean())

    assert cpu(11) > cpu(4) + 10
    assert cpu(3 * 24 + 11) > cpu(2 * 24 + 11) + 10


def test_noise_has_heavy_tails() -> None:
    fleet = Fleet([Member(f"s-{n}", SERVICE) for n in range(50)], 5)
    at = START + 60.0 * np.arange(400)
    still = fleet.load(np.full(1, START))
    load = still._replace(
        usual=np.repeat(still.usual, 400, axis=0), job=np.repeat(still.job, 400, axis=0)
    )
    memory = fleet.measured(at, load)[:, :, COLUMN["memory_usage"]]
    z = (memory - memory.mean(axis=0)) / 0.5
    assert z.std() == pytest.approx(1.05, abs=0.03)
    assert 4.0 < np.abs(z).max() < 20.0


def test_the_truth_names_every_fault() -> None:
    run, out = run_of(), io.StringIO()
    write_truth(out, run.fleet, run.faults)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert {line["scenario"] for line in lines} == set(SETS["mixed"])
    for line in lines:
        assert START <= line["start"] < line["end"] <= START + 1200
        assert set(line["agents"]) <= set(run.fleet.ids)


def test_a_change_goes_on_when_it_is_no_news_any_more() -> None:
    run = run_of(scenario="deploy")
    (deploy,) = run.faults
    times = list(moments(START, 10.0, 120, 120))
    changed, usual = (next(iter(inject(run.fleet, times, some))) for some in ([deploy], []))
    place, column = deploy.agents[0], COLUMN["memory_usage"]
    assert changed.values[-1, place, column] - usual.values[-1, place, column] >= 10.0


def test_an_unknown_scenario_is_named() -> None:
    with pytest.raises(ValueError, match=r"'storm' is unknown; use one of calm, mixed"):
        run_of(scenario="storm")


def test_a_fleet_has_agents() -> None:
    with pytest.raises(ValueError, match="agents=0"):
        mixed_members(0)
