"""Every scenario of the catalogue is what it says: seen in its metrics, on its agents, in time."""

from __future__ import annotations

import numpy as np
import pytest

from streams.simulator.catalogue import CATALOGUE, SUBJECTS
from streams.simulator.faults import Fault, inject
from streams.simulator.fleet import Block, Fleet, Member, moments
from streams.simulator.kinds import COLUMN
from streams.simulator.scenario import Scenario, Verdict

START = 1_800_000_000.0
FRAMES = 200


def blocks(scenario: Scenario) -> tuple[Fault, Block, Block]:
    """Return a fault of the scenario, and what is measured with it and without it."""
    fleet = Fleet([Member(f"a-{n}", scenario.kinds[0]) for n in range(8)], 5)
    hit = tuple(range(1, 1 + scenario.together))
    fault = Fault(scenario, hit, START + 3000.0, START + 3000.0 + scenario.lasts_s[0])
    step_s = (scenario.lasts_s[0] + 6000.0) / FRAMES
    times = list(moments(START, step_s, FRAMES, FRAMES))
    (calm,), (faulty,) = (list(inject(fleet, times, some)) for some in ([], [fault]))
    return fault, calm, faulty


def differences(calm: Block, faulty: Block) -> np.ndarray:
    """Return where anything at all differs: (frames, agents)."""
    values = ~np.isclose(calm.values, faulty.values, rtol=0, atol=0, equal_nan=True)
    told = [getattr(calm, n) != getattr(faulty, n) for n in ("reporting", "ahead", "late", "twice")]
    return values.any(axis=2) | np.any(told, axis=0)


def test_there_are_enough_and_each_has_a_name_of_its_own() -> None:
    assert len(CATALOGUE) == sum(len(found) for found in SUBJECTS.values()) >= 40
    faults = [each for each in CATALOGUE.values() if each.verdict is Verdict.FAULT]
    assert len(faults) >= 40


@pytest.mark.parametrize("name", [n for n, each in CATALOGUE.items() if each.effects])
def test_it_changes_its_agents_while_it_lasts_and_nothing_else(name: str) -> None:
    fault, calm, faulty = blocks(CATALOGUE[name])
    differs = differences(calm, faulty)
    others = [place for place in range(8) if place not in fault.agents]
    assert not differs[:, others].any()
    assert not differs[(calm.at < fault.start) | (calm.at >= fault.over)].any()
    for place in fault.agents:
        assert differs[:, place].sum() >= 3


@pytest.mark.parametrize("name", CATALOGUE)
def test_it_says_what_is_right_to_say(name: str) -> None:
    scenario = CATALOGUE[name]
    assert bool(scenario.expects) is (scenario.verdict is not Verdict.BENIGN)
    assert 0 < scenario.lasts_s[0] <= scenario.lasts_s[1]
    named = {effect.metric for effect in scenario.effects if hasattr(effect, "metric")}
    assert named <= set(scenario.metrics)
    for kind in scenario.kinds:
        assert not named or named & set(kind.answers)


def seen(name: str, metric: str) -> np.ndarray:
    """Return the metric of the first agent that is hit, while it lasts, less what is usual."""
    fault, calm, faulty = blocks(CATALOGUE[name])
    rows = (calm.at >= fault.start) & (calm.at < fault.end)
    place, column = fault.agents[0], COLUMN[metric]
    return faulty.values[rows, place, column] - calm.values[rows, place, column]


def test_a_leak_grows() -> None:
    rise = seen("leak_fast", "memory_usage")
    assert (np.diff(rise) > 0).all()
    assert rise[-1] > 25


def test_a_sawtooth_falls_back() -> None:
    assert (np.diff(seen("leak_sawtooth", "memory_usage")) < -10).sum() == 4


def test_a_stuck_value_stands_still() -> None:
    fault, calm, faulty = blocks(CATALOGUE["stuck"])
    rows = (calm.at >= fault.start) & (calm.at < fault.end)
    assert len(set(faulty.values[rows, fault.agents[0], COLUMN["cpu_usage"]])) == 1


def test_flapping_comes_and_goes() -> None:
    fault, _, faulty = blocks(CATALOGUE["flap"])
    assert np.abs(np.diff(faulty.reporting[:, fault.agents[0]].astype(int))).sum() >= 14


def test_a_cascade_reaches_one_after_the_other() -> None:
    fault, calm, faulty = blocks(CATALOGUE["cascade"])
    differs = differences(calm, faulty)
    reached = [int(differs[:, place].argmax()) for place in fault.agents]
    assert reached == sorted(set(reached))


def test_a_missing_metric_is_the_only_one() -> None:
    _, calm, faulty = blocks(CATALOGUE["missing_metric"])
    gone = np.isnan(faulty.values) & ~np.isnan(calm.values)
    assert set(np.flatnonzero(gone.any(axis=(0, 1)))) == {COLUMN["response_time_avg"]}


def test_values_that_no_longer_belong_together_are_each_usual() -> None:
    fault, _, faulty = blocks(CATALOGUE["correlation_break"])
    fleet = Fleet([Member(f"a-{n}", fault.scenario.kinds[0]) for n in range(8)], 5)
    days = next(iter(inject(fleet, moments(START - 86_400.0, 600.0, 432, 432), [])))
    place, column = fault.agents[0], COLUMN["cpu_usage"]
    usual, broken = days.values[:, place, column], faulty.values[:, place, column]
    assert usual.min() - 5.0 <= broken.min()
    assert broken.max() <= usual.max() + 5.0
