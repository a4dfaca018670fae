"""Correlation folds the same however the log is cut, and loses no finding."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.incidents import IncidentPolicy
from tests.unit.processors.incidents.fleet_of_findings import CONTEXT, STEP, Findings, folded

KINDS = (("service_down", "up"), ("anomaly", "latency_ms"), ("threat", "exfiltration"))
SMALL = IncidentPolicy(
    window_s=20.0, quiet_s=15.0, max_incidents=12, max_findings=60, max_agents=20, max_pairs=15,
    max_members=4, cohort_minimum=2, learnt_minimum=2, coordinated_window_s=10.0,
)  # fmt: skip


def a_log(seed: int, policy: IncidentPolicy | None = None, length: int = 150) -> Findings:
    """Return a fleet that fails, heals, moves and leaves at random."""
    rng = random.Random(seed)
    fleet = Findings(policy)
    names = [f"a{n}" for n in range(14)]
    for name in names:
        register(fleet, rng, name, names)
    open_findings: list[tuple[str, str]] = []
    for _ in range(length):
        dice = rng.random()
        if dice < 0.40:
            name = rng.choice(names)
            kind, metric = rng.choice(KINDS)
            severity = rng.choice(("warning", "high", "critical"))
            since = fleet.now - rng.choice((0.0, 3.0, 40.0))
            open_findings.append(
                (name, fleet.fail(name, kind=kind, metric=metric, severity=severity, since=since))
            )
        elif dice < 0.60 and open_findings:
            fleet.heal(*open_findings.pop(rng.randrange(len(open_findings))))
        elif dice < 0.70 and open_findings:
            fleet.worsen(*rng.choice(open_findings), rng.choice(("info", "critical")))
        elif dice < 0.75:
            register(fleet, rng, rng.choice(names), names)
        else:
            fleet.wait(rng.choice((1.0, 4.0, 30.0)))
    return fleet


def register(fleet: Findings, rng: random.Random, name: str, names: list[str]) -> None:
    labels = {"host": f"h{rng.randrange(6)}", "version": rng.choice("12")}
    labels["depends_on"] = ",".join(rng.sample(names, rng.randrange(3)))
    labels["group"] = rng.choice(("", "g1", "g2"))
    fleet.register(name, rng.choice(("service", "cache", "host")), **labels)


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 1 << 30), data=st.data(), small=st.booleans())
def test_cuts_and_restarts_change_nothing(seed, data, small):
    fleet = a_log(seed, SMALL if small else None)
    whole_state = STEP.initial(CONTEXT)
    whole = folded(whole_state, fleet.records)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(fleet.records) - 1), max_size=30)))
    state, told = STEP.initial(CONTEXT), []
    for begin, end in zip([0, *cuts], [*cuts, len(fleet.records)], strict=True):
        state = STEP.load(CONTEXT, STEP.dump(state))
        told += folded(state, fleet.records[begin:end])
    assert told == whole
    assert STEP.dump(state) == STEP.dump(whole_state)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 1 << 30), small=st.booleans())
def test_every_finding_is_in_one_incident_and_the_index_says_the_same(seed, small):
    fleet = a_log(seed, SMALL if small else None)
    state = fleet.state.inner
    parts = [(f, i.incident_id) for i in state.incidents.values() for f in i.parts]
    assert dict(parts) == state.incident_of
    assert len(parts) == len(state.incident_of)
    links = {(k, i.incident_id, t) for i in state.incidents.values() for k, t in i.keys.items()}
    assert links == {(k, i, t) for k, found in state.found_by.items() for i, t in found.items()}
    for incident in state.incidents.values():
        running = [part for part in incident.parts.values() if part.ended_at is None]
        assert sum(incident.open_findings.values()) == len(running) == incident.open_total
    assert state.pairs == sum(len(onsets.after) for onsets in state.onsets.values())
    if small:
        assert len(state.incidents) <= SMALL.max_incidents
        assert len(state.incident_of) <= SMALL.max_findings
        assert len(state.agents) <= SMALL.max_agents
        assert state.pairs <= SMALL.max_pairs


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 1 << 30))
def test_an_incident_is_opened_once_closed_once_and_ends_where_all_is_healed(seed):
    fleet = a_log(seed)
    for incident in list(fleet.state.inner.incidents.values()):
        for finding_id, part in list(incident.parts.items()):
            if part.ended_at is None:
                fleet.heal(part.agent.partition("/")[2], finding_id)
    fleet.wait(200)
    opened = [data["incident_id"] for data in fleet.of("opened")]
    closed = [data["incident_id"] for data in fleet.of("closed")]
    assert sorted(opened) == sorted(closed)
    assert len(set(opened)) == len(opened)
    assert not fleet.latest()
    for data in fleet.of("opened", "changed"):
        roots = [member for member in data["members"] if member["because"] == "root"]
        assert roots
        assert {member["agent"] for member in roots} == {data["root"]["agent"]}
        assert data["root"]["agent"] == data["candidates"][0]["agent"]
        assert 0.0 < data["root"]["confidence"] <= 1.0


@pytest.mark.parametrize("hosts", [1, 10_000])
def test_thousands_of_findings_at_once_take_linear_time(hosts):
    steps = [_entries(count, hosts) for count in (400, 4_000)]
    assert steps[1] < 15 * steps[0]


def _entries(count: int, hosts: int) -> int:
    """Return how many lines of the step's code `count` findings at once took."""
    import sys

    fleet = Findings()
    for n in range(count):
        fleet.register(f"a{n}", f"type-{n % 7}", host=f"h{n % hosts}", depends_on=f"a{n // 50}")
    lines = 0

    def trace(frame, event, argument):
        nonlocal lines
        lines += event == "line"
        return trace if "incidents" in frame.f_code.co_filename else None

    sys.settrace(trace)
    try:
        for n in range(count):
            fleet.fail(f"a{n}", metric=f"m{n % 3}")
    finally:
        sys.settrace(None)
    return lines
