"""The synthetic fleet: the same for a seed, valid on the wire, and true to its ground truth."""

from __future__ import annotations

import io
import itertools
import json

import numpy as np
import pytest

from streams.contracts.telemetry import decode_heartbeat
from streams.simulator.encode import write_truth
from streams.simulator.faults import EFFECTS, Fault, inject
from streams.simulator.fleet import Fleet
from streams.simulator.kinds import COLUMN, KINDS
from streams.simulator.run import Run
from streams.simulator.scenarios import RECIPES, SCENARIOS

START = 1_800_000_000.0


def run_of(seed: int = 1, scenario: str = "mixed", agents: int = 40) -> Run:
    return Run(agents, seed, scenario, START, 10.0, 1200.0)


def test_a_seed_decides_everything() -> None:
    first, second = (list(run_of().batches()) for _ in range(2))
    assert first == second
    assert first != list(run_of(seed=2).batches())


def test_a_second_pass_over_one_run_is_the_same() -> None:
    run = run_of()
    assert list(run.batches()) == list(run.batches())


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_record_keeps_the_contract(scenario: str) -> None:
    for elapsed, records in run_of(scenario=scenario, agents=12).batches():
        for record in records:
            heartbeat = decode_heartbeat(record.value)
            assert record.key == heartbeat.key.encode()
            assert heartbeat.at == pytest.approx(START + elapsed, abs=0.001)
            assert 0 <= heartbeat.metrics["cpu_usage"] <= 100
            assert 0 <= heartbeat.metrics["error_rate"] <= 1


def test_all_kinds_of_agents_take_part() -> None:
    assert set(Fleet(40, 1).types) == {kind.name for kind in KINDS}


def test_metrics_follow_one_load() -> None:
    frames = list(Fleet(20, 3).frames(START, 600.0, 86_400.0))
    cpu = np.array([frame.values[:, COLUMN["cpu_usage"]] for frame in frames])
    memory = np.array([frame.values[:, COLUMN["memory_usage"]] for frame in frames])
    each = [np.corrcoef(cpu[:, n], memory[:, n])[0, 1] for n in range(20)]
    assert min(each) > 0.7


def test_the_afternoon_is_busier_than_the_night() -> None:
    midnight = START - START % 86_400
    fleet = Fleet(50, 4)

    def cpu(hour: int) -> float:
        frames = fleet.frames(midnight + hour * 3600, 60.0, 600.0)
        return float(np.mean([frame.values[:, COLUMN["cpu_usage"]] for frame in frames]))

    assert cpu(16) > cpu(4) + 10


def affected(fault: Fault) -> tuple[list, list]:
    fleet = Fleet(8, 5)
    healthy = list(fleet.frames(START, 10.0, 600.0))
    return healthy, list(inject(fleet.frames(START, 10.0, 600.0), [fault]))


@pytest.mark.parametrize("kind", EFFECTS)
def test_a_fault_changes_its_agents_while_it_lasts_and_nothing_else(kind: str) -> None:
    recipe = RECIPES[kind]
    hit = tuple(range(1, 1 + recipe.agents))
    fault = Fault(kind, hit, recipe.metric, START + 100, START + 400, recipe.magnitude[1])
    changed = 0
    for before, after in zip(*affected(fault), strict=True):
        same = (before.values == after.values).all(axis=1) & (before.reporting == after.reporting)
        others = [place for place in range(8) if place not in hit]
        assert same[others].all()
        if not fault.start <= after.at < fault.end:
            assert same.all()
        changed += int(not same.all())
    assert changed >= 5


def test_a_leak_grows() -> None:
    fault = Fault("leak", (2,), "memory_usage", START, START + 600, 40.0)
    healthy, leaking = affected(fault)
    rise = [b.values[2, 1] - a.values[2, 1] for a, b in zip(healthy, leaking, strict=True)]
    assert rise == sorted(rise)
    assert rise[-1] > 35


def test_a_stuck_value_stands_still() -> None:
    fault = Fault("stuck", (2,), "cpu_usage", START, START + 600, 0.0)
    assert len({frame.values[2, 0] for frame in affected(fault)[1]}) == 1


def test_flapping_comes_and_goes() -> None:
    fault = Fault("flapping", (2,), "", START, START + 600, 0.0)
    reporting = [bool(frame.reporting[2]) for frame in affected(fault)[1]]
    assert sum(a != b for a, b in itertools.pairwise(reporting)) >= 10


def test_the_truth_names_every_fault() -> None:
    run, out = run_of(), io.StringIO()
    write_truth(out, run.fleet, run.faults)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert {line["kind"] for line in lines} == set(EFFECTS)
    for line in lines:
        assert START <= line["start"] < line["end"] <= START + 1200
        assert set(line["agents"]) <= set(run.fleet.ids)


def test_an_unknown_scenario_is_named() -> None:
    with pytest.raises(ValueError, match=r"'storm' is unknown; use one of calm, mixed"):
        run_of(scenario="storm")


def test_a_fleet_has_agents() -> None:
    with pytest.raises(ValueError, match="agents=0"):
        Fleet(0, 1)
