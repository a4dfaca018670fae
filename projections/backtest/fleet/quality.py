"""How well findings fit the truth: what was caught, how soon, by what, and what was false.

An event is caught if any finding is raised of one of its agents while it lasts. For two hours
after it, findings count neither way: what ends is a change as well. All others of an agent are
false alarms, those of calm agents too. What is notable counts neither way at any time; while
something benign goes on, every finding is false.

Source: Efron, "Bootstrap methods: another look at the jackknife" (1979), for the intervals.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from projections.backtest.fleet.plan import Cohort, Plan
from projections.backtest.fleet.trial import Raised
from streams.simulator.faults import Fault
from streams.simulator.noise import key_of
from streams.simulator.scenario import DAY_S, Verdict

_DELIVERED_S: Final = 300.0
"""What is raised so soon after an event was still about it."""
_AFTERMATH_S: Final = 7200.0
_WEEK_S: Final = 604_800.0
_DRAWS: Final = 1000
_MIDDLE: Final = (2.5, 97.5)
_COUNTED: Final = (Verdict.FAULT, Verdict.CHANGE)

Floats = npt.NDArray[np.float64]


class Interval(NamedTuple):
    """An estimate, and the bounds of its middle 95 %; None where there is nothing to estimate."""

    value: float | None
    low: float | None
    high: float | None


class Event(NamedTuple):
    """What became of one event.

    Parameters
    ----------
    after_s : float or None
        When the first finding was raised, in seconds from the beginning; None where none was.
    kinds : tuple of str
        Kinds of the findings, in the order of their first, each once.
    named : bool
        Whether one of them is of a kind that names it.
    pointed : bool
        Whether one of them points at a metric that shows it, where any does.
    weeks : float
        How long one could have been raised, of all of its agents together.
    """

    after_s: float | None
    kinds: tuple[str, ...]
    named: bool
    pointed: bool
    weeks: float


class Agent(NamedTuple):
    """What was said of one agent.

    Parameters
    ----------
    right, false : int
        Findings within events, and outside of all.
    moments : int
        In how many moments the false ones were raised: one may bring others with it.
    weeks : float
        The time outside of all.
    """

    right: int
    false: int
    moments: int
    weeks: float


class Measured(msgspec.Struct, frozen=True):
    """The quality of detection in one scenario.

    Parameters
    ----------
    name, verdict, says : str
        The scenario's.
    expects : list of str
        Kinds of findings that name it.
    agents, events, caught, named, pointed : int
        How many there were; of the events, how many were caught, named by an expected kind, and
        told by a metric that shows them.
    recall, precision : Interval
        Share of events that were caught; share of findings that were right.
    chance : float or None
        The share of events that so many alarms would have caught at moments drawn by lot.
    seconds_p50, seconds_p95 : float or None
        From the beginning of an event to the first finding.
    first_kinds, kinds : dict
        In how many events a kind was the first to be raised, and was raised at all.
    false_kinds : dict
        How often a kind was raised for nothing.
    false_per_week : Interval
        False alarms in a week of one agent.
    """

    name: str
    verdict: str
    says: str
    expects: list[str]
    agents: int
    events: int
    caught: int
    named: int
    pointed: int
    recall: Interval
    chance: float | None
    precision: Interval
    seconds_p50: float | None
    seconds_p95: float | None
    first_kinds: dict[str, int]
    kinds: dict[str, int]
    false_kinds: dict[str, int]
    false_per_week: Interval


class Judged(NamedTuple):
    """Events and agents of one scenario, before they are summed up."""

    events: list[Event]
    agents: list[Agent]
    false_kinds: Counter[str]


def judged(plan: Plan, cohort: Cohort, findings: Sequence[Raised]) -> Judged:
    """Hold the findings of a cohort's agents against its truth."""
    names = {plan.fleet.ids[place]: place for place in cohort.places}
    of_agent: dict[int, list[Raised]] = {place: [] for place in cohort.places}
    for finding in findings:
        if finding.agent in names and finding.at >= plan.since:
            of_agent[names[finding.agent]].append(finding)
    false: Counter[str] = Counter()
    agents = [_agent(plan, cohort, place, found, false) for place, found in of_agent.items()]
    counted = [fault for fault in cohort.faults if fault.scenario.verdict in _COUNTED]
    return Judged([_event(fault, of_agent) for fault in counted], agents, false)


def _agent(
    plan: Plan, cohort: Cohort, place: int, findings: list[Raised], false: Counter[str]
) -> Agent:
    own = [fault for fault in cohort.faults if place in fault.agents and _excuses(fault)]
    right, cried, spent = 0, 0, 0.0
    moments: set[float] = set()
    for finding in findings:
        if any(_within(fault, finding.at) for fault in own):
            right += cohort.scenario is not None and cohort.scenario.verdict in _COUNTED
        elif not any(fault.end <= finding.at <= fault.end + _AFTERMATH_S for fault in own):
            cried += 1
            moments.add(finding.at)
            false[finding.kind] += 1
    for fault in own:
        spent += min(fault.end + _AFTERMATH_S, plan.until) - fault.start
    return Agent(right, cried, len(moments), (plan.until - plan.since - spent) / _WEEK_S)


def _excuses(fault: Fault) -> bool:
    return fault.scenario.verdict is not Verdict.BENIGN


def _within(fault: Fault, at: float) -> bool:
    return fault.start <= at <= fault.end + _DELIVERED_S


def _event(fault: Fault, of_agent: dict[int, list[Raised]]) -> Event:
    found = sorted(
        finding
        for place in fault.agents
        for finding in of_agent[place]
        if _within(fault, finding.at)
    )
    kinds = tuple(dict.fromkeys(finding.kind for finding in found))
    named = any(kind in fault.scenario.expects for kind in kinds)
    shown = set(fault.scenario.metrics)
    pointed = any(shown.intersection(finding.metrics) or not shown for finding in found)
    weeks = len(fault.agents) * (fault.end + _DELIVERED_S - fault.start) / _WEEK_S
    return Event(found[0].at - fault.start if found else None, kinds, named, pointed, weeks)


def measured(plan: Plan, cohort: Cohort, found: Judged) -> Measured:
    """Sum up one scenario."""
    scenario = cohort.scenario
    return _summed(
        plan.seed,
        cohort.name,
        scenario.verdict.value if scenario else "calm",
        scenario.says if scenario else "nothing happens",
        list(scenario.expects) if scenario else [],
        found,
    )


def on_first_day(plan: Plan, cohort: Cohort, findings: Sequence[Raised]) -> dict[str, int]:
    """Return how often each kind was raised of a cohort's agents in the day they were new."""
    names = {plan.fleet.ids[place] for place in cohort.places}
    until = plan.start + DAY_S
    return _ordered(Counter(f.kind for f in findings if f.at < until and f.agent in names))


def total(plan: Plan, name: str, says: str, parts: Sequence[Judged]) -> Measured:
    """Sum up several."""
    false: Counter[str] = Counter()
    for part in parts:
        false.update(part.false_kinds)
    events = [event for part in parts for event in part.events]
    agents = [agent for part in parts for agent in part.agents]
    return _summed(plan.seed, name, "total", says, [], Judged(events, agents, false))


def _summed(
    seed: int, name: str, verdict: str, says: str, expects: list[str], found: Judged
) -> Measured:
    rng = np.random.default_rng(int(key_of(seed, name, "bootstrap")))
    caught = np.array([event.after_s is not None for event in found.events], dtype=np.float64)
    after = [event.after_s for event in found.events if event.after_s is not None]
    right, false, moments, weeks = (
        np.array(part, dtype=np.float64) for part in zip(*found.agents, strict=True)
    )
    first = Counter(event.kinds[0] for event in found.events if event.kinds)
    at_all = Counter(kind for event in found.events for kind in event.kinds)
    return Measured(
        name=name,
        verdict=verdict,
        says=says,
        expects=expects,
        agents=len(found.agents),
        events=len(found.events),
        caught=len(after),
        named=sum(event.named for event in found.events),
        pointed=sum(event.pointed for event in found.events),
        recall=_ratio(rng, caught, np.ones_like(caught)),
        chance=_chance(found.events, float(moments.sum() / weeks.sum())),
        precision=_ratio(rng, right, right + false) if found.events else _NOTHING,
        seconds_p50=_quantile(after, 50.0),
        seconds_p95=_quantile(after, 95.0),
        first_kinds=_ordered(first),
        kinds=_ordered(at_all),
        false_kinds=_ordered(found.false_kinds),
        false_per_week=_ratio(rng, false, weeks),
    )


_NOTHING: Final = Interval(None, None, None)


def _ordered(counts: Counter[str]) -> dict[str, int]:
    """Return `counts`, the most frequent first."""
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _ratio(rng: np.random.Generator, above: Floats, below: Floats) -> Interval:
    """Return the ratio of two sums, and its interval, by drawing their parts again."""
    if not below.sum():
        return _NOTHING
    drawn = rng.integers(0, len(above), (_DRAWS, len(above)))
    sums = below[drawn].sum(axis=1)
    ratios = above[drawn].sum(axis=1)[sums > 0] / sums[sums > 0]
    low, high = np.percentile(ratios, _MIDDLE)
    return Interval(*(round(float(x), 4) for x in (above.sum() / below.sum(), low, high)))


def _chance(events: Sequence[Event], per_week: float) -> float | None:
    missed = [math.exp(-per_week * event.weeks) for event in events]
    return round(1.0 - sum(missed) / len(missed), 4) if missed else None


def _quantile(values: list[float], percent: float) -> float | None:
    return round(float(np.percentile(values, percent)), 1) if values else None
