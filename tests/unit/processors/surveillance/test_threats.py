"""Each rule is met when it should be and not before, costs its points, and ends."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from config.policy import Threshold, default_policy, policy_hash
from config.threats import SecurityPolicy, ThreatRule
from streams.contracts.events.agent import LifecycleRequested
from streams.contracts.events.system import PolicyChanged
from tests.unit.processors.surveillance.test_step import Partition, only

SHIPPED = {rule.name: rule for rule in default_policy().surveillance.threats}
CHANGED, RAISED, ENDED = "agent.security_changed", "finding.raised", "finding.ended"
T0 = 1_000_000.0


class Watched(Partition):
    """A partition under rules of one's own; time is counted from `T0`."""

    def __init__(
        self, *rules: ThreatRule, thresholds: Sequence[Threshold] = (), **security: Any
    ) -> None:
        super().__init__()
        self.version, self.thresholds = 1, list(thresholds)
        self.rule(*rules, **security)

    def rule(self, *rules: ThreatRule, at: float = 0.0, **security: Any) -> Any:
        self.version += 1
        policy = default_policy()
        watch = msgspec.structs.replace(
            policy.surveillance, threats=list(rules), thresholds=self.thresholds,
            security=SecurityPolicy(**security),
        )  # fmt: skip
        policy = msgspec.structs.replace(policy, version=self.version, surveillance=watch)
        data = PolicyChanged(self.version, policy_hash(policy), msgspec.to_builtins(policy), "me")
        return self.event(T0 + at, "policy.changed", "default/policy", data)

    def send(self, at: float, **metrics: float) -> Any:
        return threats(self.beat(T0 + at, metrics=metrics))

    def wait(self, at: float) -> Any:
        return threats(self.tick(T0 + at))

    def score(self) -> float:
        standing = self.state.security.standings.get(self.state.slots["default/a1"])
        return 100.0 if standing is None else standing.score

    def status(self) -> str:
        from processors.surveillance.state import STATUSES

        return STATUSES[self.state.agents.status[self.state.slots["default/a1"]]]


def threats(found: Any) -> Any:
    """Return the facts without findings that no rule of threats raised."""
    return [(k, d) for k, d in found if not k.startswith("finding.") or d["kind"] == "threat"]


def test_an_error_rate_that_lasts_is_a_threat_and_a_single_bad_beat_is_none():
    p = Watched(SHIPPED["error_rate"])
    assert not only(p.send(0, error_rate=0.9), RAISED)
    assert not only(p.send(50, error_rate=0.1), RAISED)
    assert not only(p.send(60, error_rate=0.21), RAISED)
    assert not only(p.send(119, error_rate=0.2001), RAISED)
    found = p.send(120, error_rate=0.5)
    (raised,) = only(found, RAISED)
    assert (raised["severity"], raised["metric"], raised["value"]) == ("high", "error_rate", 0.5)
    assert raised["rule"] == "error_rate"
    assert (raised["since"], raised["expected_high"]) == (T0 + 60.0, 0.2)
    assert "error_rate of default/a1 is 0.5, above 0.2 for 60 s" in raised["summary"]
    (changed,) = only(found, CHANGED)
    assert (changed["score"], changed["level"]) == (80.0, "secure")
    (issue,) = changed["issues"]
    assert (issue["rule"], issue["points"], issue["ended_at"]) == ("error_rate", 20.0, None)
    assert issue["finding_id"] == raised["finding_id"]


@pytest.mark.parametrize("rule", ["cpu_exhausted", "memory_exhausted"])
def test_a_resource_that_is_full_for_ten_minutes_is_a_threat(rule: str):
    p = Watched(SHIPPED[rule])
    full = {SHIPPED[rule].metric: 95.1}
    for second in range(0, 600, 30):
        assert not only(p.send(second, **full), RAISED)
    assert len(only(p.send(600, **full), RAISED)) == 1
    assert p.score() == 85.0


def test_a_dip_begins_the_ten_minutes_anew():
    p = Watched(SHIPPED["cpu_exhausted"])
    for second in range(0, 1100, 30):
        assert not only(p.send(second, cpu_usage=95.0 if second == 510 else 99.0), RAISED)


def test_the_eleventh_change_of_status_within_five_minutes_is_a_threat():
    p = Watched(SHIPPED["status_flapping"])
    for n in range(11):  # registered to idle is a change as well
        found = p.beat(T0 + 30.0 * n, metrics={"q": 1}, status=("idle", "busy")[n % 2])
        assert len(only(threats(found), RAISED)) == (n == 10)
    q = Watched(SHIPPED["status_flapping"])
    for n in range(30):
        found = q.beat(T0 + 31.0 * n, metrics={"q": 1}, status=("idle", "busy")[n % 2])
        assert not only(threats(found), RAISED)


def test_more_than_a_gigabyte_within_an_hour_is_a_threat_whatever_the_counter_began_at():
    p = Watched(SHIPPED["exfiltration"])
    begin = 7e12
    for minute in range(50):
        assert not only(p.send(60.0 * minute, bytes_sent=begin + 2e7 * minute), RAISED)
    assert not only(p.send(3000.0, bytes_sent=begin + 1e9), RAISED)
    (raised,) = only(p.send(3060.0, bytes_sent=begin + 1e9 + 1), RAISED)
    assert raised["severity"] == "critical"
    assert p.score() == 70.0


def test_a_counter_that_restarts_counts_from_zero():
    p = Watched(SHIPPED["exfiltration"])
    for minute, sent in enumerate((5e11, 5e11 + 6e8, 1e8, 4e8)):
        assert not only(p.send(60.0 * minute, bytes_sent=sent), RAISED)
    assert only(p.send(300.0, bytes_sent=4e8 + 2), RAISED)


def test_the_same_amount_over_more_than_an_hour_is_none():
    p = Watched(SHIPPED["exfiltration"])
    for minute in range(600):
        assert not only(p.send(60.0 * minute, bytes_sent=1.6e7 * minute), RAISED)


def test_anomalies_that_come_again_are_the_rule_of_three_sigma():
    p = Watched(replace(SHIPPED["three_sigma"], count=1))
    raised = []
    for k in range(400):
        level = 900.0 if k >= 390 else 20.0
        found = p.beat(T0 + 60.0 * k, metrics={"queue": level + k * k * 31 % 17 / 8.0})
        raised += [data["kind"] for data in only(found, RAISED)]
    assert "anomaly" in raised
    assert raised.count("threat") == 1
    assert p.score() == 85.0


SURGE = ThreatRule(
    name="surge", metric="req*", aggregate="deviation", above=3.0, window_s=3600.0, points=25.0
)
OFTEN = ThreatRule(
    name="often_down", event="finding", kinds=["agent_offline"], count=2, window_s=900.0
)


def test_a_rule_of_ones_own_on_a_deviation_knows_the_usual_spread():
    p = Watched(SURGE)
    for minute in range(60):
        assert not only(p.send(60.0 * minute, requests=50.0 + minute % 5), RAISED)
    assert not only(p.send(3600.0, requests=56.0), RAISED)  # 52 and 4, with 1.4 for one sigma
    assert len(only(p.send(3660.0, requests=59.0), RAISED)) == 1
    flat = Watched(SURGE)
    for minute in range(60):
        assert not only(flat.send(60.0 * minute, requests=50.0 + (minute == 59)), RAISED)


def test_a_rule_of_ones_own_on_findings_counts_silences():
    p = Watched(OFTEN)
    raised = []
    for silence in range(3):
        for second in range(0, 40, 10):
            p.beat(T0 + 200.0 * silence + second, metrics={"q": 1})
        for second in range(45, 190, 5):
            raised += only(p.wait(200.0 * silence + second), RAISED)
    (threat,) = raised
    assert "often_down: default/a1 had 2 times finding (agent_offline)" in threat["summary"]


def test_a_limit_that_is_held_by_time_alone_counts_as_well():
    limit = Threshold(metric="q", warning=5.0, clear=4.0, duration_s=20.0)
    rule = ThreatRule(name="r", event="finding", kinds=["threshold"], window_s=60.0)
    p = Watched(rule, thresholds=[limit])
    p.send(0, q=9)
    assert not only(p.wait(15), RAISED)
    assert len(only(p.wait(20), RAISED)) == 1


@pytest.mark.parametrize(
    ("aggregate", "limit", "values", "met"),
    [
        ("sum", 10.0, [5.0, 5.0, 0.1], [0, 0, 1]),
        ("mean", 4.0, [5.0, 3.0, 4.1], [1, 1, 1]),
        ("rate", 0.05, [0.0, 4.9, 5.1], [0, 0, 1]),
    ],
)
def test_sums_means_and_rates_are_of_the_window(aggregate, limit, values, met):
    rule = ThreatRule(
        name="r", metric="q", aggregate=aggregate, above=limit, window_s=100.0, clear_s=1e6
    )
    p = Watched(rule)
    opened = 0
    for n, value in enumerate(values):
        opened += len(only(p.send(10.0 * n, q=value), RAISED))
        assert opened == met[n]


def test_values_below_a_limit_count_only_in_a_row():
    p = Watched(ThreatRule(name="r", metric="q", below=5.0, count=3))
    opened = [len(only(p.send(10.0 * n, q=q), RAISED)) for n, q in enumerate((4, 4, 5, 4, 4, 4, 4))]
    assert opened == [0, 0, 0, 0, 0, 1, 0]


def test_a_threat_ends_once_its_condition_was_not_met_for_long_enough():
    p = Watched(ThreatRule(name="r", metric="q", above=5.0, clear_s=300.0, points=30.0))
    p.send(0, q=9)
    p.send(10, q=1)
    p.send(200, q=9)  # one threat, and its points once
    p.send(210, q=1)
    assert not only(p.wait(509), ENDED)
    (ended,) = only(p.wait(510), ENDED)
    assert (ended["reason"], ended["lasted_s"]) == ("recovered", 510.0)
    assert p.score() == 70.0


def test_nothing_is_won_back_while_a_threat_is_open_nor_does_silence_end_it():
    p = Watched(ThreatRule(name="r", metric="q", above=5.0, points=30.0))
    p.send(0, q=9)
    assert not only(p.wait(36_000), CHANGED)
    assert p.score() == 70.0


def test_trust_comes_back_by_the_hour_and_is_told_by_fives():
    p = Watched(
        ThreatRule(name="r", metric="q", above=5.0, clear_s=0.0, points=30.0), recovery_per_hour=10
    )
    p.send(0, q=9)
    p.send(0, q=1)
    told = [only(p.wait(1800.0 * n), CHANGED) for n in range(1, 8)]
    assert [each[0]["score"] if each else None for each in told] == [75, 80, 85, 90, 95, 100, None]
    assert told[5][0]["issues"] == []


def test_what_is_summed_leaves_its_window_by_time_alone():
    rule = ThreatRule(
        name="r", metric="q", aggregate="sum", above=5.0, window_s=100.0, clear_s=50.0
    )
    p = Watched(rule)
    p.send(0, q=9)
    assert not only(p.wait(90), ENDED)
    p.wait(105)
    assert not only(p.wait(150), ENDED)
    assert only(p.wait(155), ENDED)


def ask(p: Watched, at: float, status: str) -> Any:
    data = LifecycleRequested(status, "looked into it", "ada")
    return p.event(T0 + at, "agent.lifecycle_requested", "default/a1", data)


def test_at_twenty_an_agent_is_quarantined_until_a_person_releases_it():
    p = Watched(*(
        ThreatRule(name=n, metric=n, above=5.0, clear_s=1e6, points=30.0) for n in ("a", "b", "c")
    ))  # fmt: skip
    p.send(0, a=9, b=0, c=0)
    p.send(10, a=9, b=9, c=0)
    assert (p.status(), p.score()) == ("active", 40.0)
    found = p.send(20, a=9, b=9, c=9)
    (moved,) = only(found, "agent.status_changed")
    assert (moved["status"], moved["reason"]) == ("quarantined", "security score 10: a, b, c")
    assert [kind for kind, _ in found][-3:] == [RAISED, CHANGED, "agent.status_changed"]
    p.beat(T0 + 30, metrics={"a": 9, "b": 9, "c": 9}, status="busy")
    assert p.status() == "quarantined"
    ask(p, 40, "active")
    p.send(50, a=9, b=9, c=9)
    p.wait(60)
    assert p.status() == "active"  # a person's word holds until the next threat


def test_the_next_threat_quarantines_the_released_again():
    rule = partial(ThreatRule, metric="q", clear_s=0.0, points=90.0)
    p = Watched(rule(name="r", above=5.0))
    p.send(0, q=9)
    p.send(10, q=1)
    ask(p, 20, "active")
    p.send(30, q=1)
    assert p.status() == "active"
    p.send(40, q=9)
    assert p.status() == "quarantined"


def test_quarantine_can_be_left_to_people_by_policy():
    p = Watched(ThreatRule(name="r", metric="q", above=5.0, points=100.0), quarantine=False)
    (changed,) = only(p.send(0, q=9), CHANGED)
    assert (changed["score"], changed["level"]) == (0.0, "critical")
    assert p.status() == "active"


@pytest.mark.parametrize("status", ["compromised", "decommissioning"])
def test_who_is_set_aside_further_is_not_brought_back_to_quarantine(status: str):
    p = Watched(ThreatRule(name="r", metric="q", above=5.0, points=100.0))
    p.send(0, q=0)
    ask(p, 10, status)
    assert only(p.send(20, q=9), RAISED)
    assert p.status() == status


def test_threats_say_nothing_of_health():
    p = Watched(ThreatRule(name="r", metric="q", above=5.0, severity="emergency"))
    p.send(0, q=0)
    assert not only(p.send(10, q=9), "agent.health_changed")


def test_a_policy_that_changes_another_rule_leaves_what_a_rule_knows():
    kept = ThreatRule(name="kept", metric="q", above=5.0, window_s=60.0)
    gone = ThreatRule(name="gone", metric="q", above=7.0, points=30.0)
    p = Watched(gone, kept)
    p.send(0, q=9)
    found = threats(p.rule(kept, ThreatRule(name="new", metric="q", above=8.0), at=30.0))
    (ended,) = only(found, ENDED)
    assert ended["reason"] == "superseded"
    raised = only(p.send(60, q=9), RAISED)
    assert [data["summary"].partition(":")[0] for data in raised] == ["kept", "new"]


def test_a_rule_is_for_its_types_and_follows_an_agent_that_changes_its_type():
    p = Watched(ThreatRule(name="r", metric="q", above=5.0, agent_types=["worker"]))
    assert not only(p.send(0, q=9), RAISED)
    p.beat(T0 + 10, metrics={"q": 1}, agent_type="worker")
    assert len(only(p.send(20, q=9), RAISED)) == 1
    (ended,) = only(p.beat(T0 + 30, metrics={"q": 9}, agent_type="agent"), ENDED)
    assert ended["reason"] == "superseded"


def test_dead_letters_count_for_whom_their_key_names():
    rule = ThreatRule(
        name="r", event="dead_letter", kinds=["reserved_metric"], count=2, window_s=60.0
    )
    p = Watched(rule)
    p.send(0, q=1)
    raised = []
    for at, key in ((10, None), (20, b"default/a1"), (30, b"default/nobody"), (40, b"default/a1")):
        raised += only(p.keyed(T0 + at, key, {"up": 0}), RAISED)
    (threat,) = raised
    assert "had 2 times dead_letter (reserved_metric) within 60 s" in threat["summary"]


def test_refused_transitions_count():
    p = Watched(ThreatRule(name="r", event="transition_refused", count=1, window_s=60.0))
    p.send(0, q=1)
    assert only(threats(ask(p, 10, "decommissioned")), RAISED)


def test_who_leaves_takes_its_threats_along():
    p = Watched(ThreatRule(name="r", metric="q", above=5.0, points=50.0))
    p.send(0, q=9)
    ask(p, 10, "decommissioning")
    (ended,) = only(p.wait(20), ENDED)
    assert ended["reason"] == "agent_gone"
    assert p.state.security.standings == {}
    assert not (p.state.security.watches.rows.slot >= 0).any()
