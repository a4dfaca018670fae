"""What the metrics of an agent say of each other, and which of them stands alone.

Most metrics of an agent answer to one thing, its load. So the others are a forecast of each: their
mean, every one in units of its own usual swing and weighed by how well it goes with the rest, times
what this metric makes of it. The forecast knows neither days nor weeks, so it holds on a holiday.
All is taken of means of twenty minutes. What the forecast leaves over has a range in which it has
always stayed, one for each quarter of the day, as nightly jobs have measures of their own. A metric
that is two and a half times as far out stands alone, though each of its values may be usual.

What comes back by itself was no other world: each time it does, the ranges of the agent are wider
by half, so where metrics part as they please, that is told a few times and not for ever.

It fails where the metrics of an agent have no common cause (it then says nothing), where a fault
moves most of them alike, for what is over within minutes, for metrics that have parted in the same
way before, and for what does not come: a job that is missed leaves the metrics closer than usual.
In the first week it only learns.

Sources: Spearman, "General intelligence, objectively determined and measured" (1904), for one
common factor behind many measurements; Jiang, Chen and Yoshihira, "Discovering likely invariants of
distributed transaction systems for autonomic system management" (2006), for relations that break as
signs of faults.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

import numpy as np

from processors.columns import Bools, Floats, Ints
from processors.detection.memory import SINGLE
from processors.detection.tuning import LN2, TUNING

COMPANY_MEMORY: Final[dict[str, tuple[type[np.generic], float | tuple[float, ...]]]] = {
    "company": (np.float32, (np.nan, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0)),
}
_LATELY, _MEAN, _SWING, _TOGETHER, _POWER, _LEFT, _RANGE = range(7)
"""Columns of `company`, the last four of which are ranges: the mean of twenty minutes; its own mean
and variance; what it has in common with the others, and their variance; what is left over."""

_RATE: Final = LN2 / 3600.0 / TUNING.level_h
_FADE: Final = LN2 / 86400.0 / TUNING.range_d
_SMOOTH_S: Final = 1200.0
_QUARTER_S: Final = 21600.0
_DAY_S: Final = 86400.0
_LARGEST_VALUE: Final = 1e18
"""Its square is a number in single precision."""
_FURTHEST: Final = 4.0
_CLIP: Final = 3.0
_WIDEN_S: Final = 14400.0
"""What lasts for less hardly widens a range, and a fault takes it along no faster."""
_RANGE_FROM_D, _JUDGED_FROM_D = 2.0, 7.0
_OTHERS: Final = 2.0
"""Least weight of the others: as of so many that go with the rest without fail."""
_OWN_AFFAIR: Final = 0.2
"""At most so much of a metric's variance may be."""
_ALONE: Final = 2.5
_NOTABLE: Final = 0.4
"""Less than so many usual swings is of no use to anybody."""
_KNOWN: Final = 1.5
"""So much wider are the ranges of an agent after something of the kind was over by itself."""
_LEAST: Final = 1e-6


class CompanyMemory(Protocol):
    """The column of it."""

    company: SINGLE


class Others(NamedTuple):
    """What is said of each metric by the others of its agent.

    Parameters
    ----------
    own : array
        Where it is itself, in usual swings.
    say : array
        Their weighed mean, in usual swings.
    weight : array
        How much they count together; each at most 1.
    """

    own: Floats
    say: Floats
    weight: Floats

    def only(self, some: slice) -> Others:
        """Return what is said of some of them."""
        return Others(self.own[some], self.say[some], self.weight[some])


class Company(NamedTuple):
    """How metrics stand to the others of their agents.

    Parameters
    ----------
    forecast, reach : array
        What the others say that each should be, and how far from it was ever usual, in its unit.
    left : array
        What the forecast leaves over, in usual swings.
    alone, back : array of bool
        Whether that leaves its range, and whether it lies within.
    known : array of bool
        Whether any of this can be relied on.
    """

    forecast: Floats
    reach: Floats
    left: Floats
    alone: Bools
    back: Bools
    known: Bools


def take(c: CompanyMemory, rows: Ints, mean: Floats, dt: Floats) -> None:
    """Fold the means of a window, `dt` seconds after the one before, into those of late."""
    k = c.company[rows]
    mean = mean.clip(-_LARGEST_VALUE, _LARGEST_VALUE)
    first = np.isnan(k[:, _LATELY])
    before = np.where(first, mean, k[:, _LATELY].astype(np.float64))
    c.company[rows, _LATELY] = before + dt / (_SMOOTH_S + dt) * (mean - before)
    c.company[rows, _MEAN] = np.where(first, mean, k[:, _MEAN])


def hear(c: CompanyMemory, rows: Ints, agents: Ints, age: Floats, blocks: list[slice]) -> Others:
    """Return what is said of each of `rows` by those of the same agent among them.

    Parameters
    ----------
    agents : array
        To which agent each row belongs.
    age : array
        Days for which each metric is known; in the first its swings say nothing.
    blocks : list of slice
        The parts of `rows` that are looked at at once.
    """
    own, weight = np.zeros((2, len(rows)))
    for some in blocks:
        own[some], weight[some] = _standing(c.company[rows[some]].astype(np.float64))
    weight[age < TUNING.learning_d] = 0.0
    voice, size = weight * own, np.abs(weight)
    count = int(agents.max(initial=-1)) + 1
    said: Floats = np.bincount(agents, voice, count).astype(np.float64)[agents] - voice
    total: Floats = np.bincount(agents, size, count).astype(np.float64)[agents] - size
    return Others(own, said / np.maximum(total, _LEAST), total)


def _standing(k: Floats) -> tuple[Floats, Floats]:
    swing = np.sqrt(k[:, _SWING])
    moves = swing > 0.0
    own = np.where(moves, (k[:, _LATELY] - k[:, _MEAN]) / np.where(moves, swing, 1.0), 0.0)
    r = k[:, _TOGETHER] / np.sqrt(np.maximum(k[:, _POWER], _LEAST))
    weight = np.where(moves, (r * np.abs(r)).clip(-1.0, 1.0), 0.0)
    return own.clip(-_FURTHEST, _FURTHEST), weight


def judge(
    c: CompanyMemory, rows: Ints, others: Others, age: Floats, dt: Floats, held: Bools, at: float
) -> Company:
    """Judge where each of `rows` stands, then learn from it.

    Parameters
    ----------
    age : array
        Days for which each metric is known.
    dt : array
        Seconds since the window before.
    held : array of bool
        From which nothing is learnt, as something is wrong with their agents.
    at : float
        Seconds since the epoch.
    """
    k = c.company[rows].astype(np.float64)
    ranged = _RANGE + int(at % _DAY_S // _QUARTER_S)
    said = k[:, _TOGETHER] / np.maximum(k[:, _POWER], _LEAST) * others.say
    left, swing = others.own - said, np.sqrt(k[:, _SWING])
    size, usual = np.abs(left), k[:, ranged]
    judged = (age >= _JUDGED_FROM_D) & (usual > 0.0)
    judged &= (others.weight >= _OTHERS) & (k[:, _LEFT] <= _OWN_AFFAIR)
    alone = judged & (size >= _ALONE * usual) & (size >= _NOTABLE)
    seen = Company(k[:, _MEAN] + swing * said, swing * usual, left, alone, size <= usual, judged)
    share = np.where(age < _JUDGED_FROM_D, 1.0, dt / (_WIDEN_S + dt))
    wider = usual * (1.0 - dt * _FADE) + share * np.maximum(size - usual, 0.0)
    k[:, ranged] = np.where(age >= _RANGE_FROM_D, wider, usual)
    _learn(k, others, left, age, dt)
    c.company[rows[~held]] = k[~held]
    return seen


def _learn(k: Floats, others: Others, left: Floats, age: Floats, dt: Floats) -> None:
    slowest = dt * _RATE
    rate = np.maximum(dt / (_DAY_S * age + dt), slowest)
    off, reach = k[:, _LATELY] - k[:, _MEAN], _CLIP * np.sqrt(k[:, _SWING])
    off = np.where(age >= TUNING.learning_d, off.clip(-reach, reach), off)
    k[:, _MEAN] += rate * off
    k[:, _SWING] += rate * (off * off - k[:, _SWING])
    # That all go together is what is supposed at first, for half a day.
    lately = np.maximum(age - TUNING.learning_d, 0.5)
    rate = np.maximum(dt / (_DAY_S * lately + dt), slowest) * (others.weight > 0.0)
    k[:, _TOGETHER] += rate * (others.own * others.say - k[:, _TOGETHER])
    k[:, _POWER] += rate * (others.say * others.say - k[:, _POWER])
    reach = _CLIP * np.sqrt(k[:, _LEFT])
    lesson = left.clip(-reach, reach)
    k[:, _LEFT] += rate * (lesson * lesson - k[:, _LEFT])


def widen(c: CompanyMemory, rows: Ints) -> None:
    """Expect more of `rows`: one of their agent stood alone, and came back."""
    c.company[rows, _RANGE:] *= np.float32(_KNOWN)


def accept(c: CompanyMemory, rows: Ints, age: Floats) -> None:
    """Take where `rows`, all of one agent and `age` days old, are of late for where they belong."""
    k = c.company[rows].astype(np.float64)
    others = hear(c, rows, np.zeros(len(rows), dtype=np.int64), age, [slice(None)])
    said = k[:, _TOGETHER] / np.maximum(k[:, _POWER], _LEAST) * others.say
    at_home = k[:, _LATELY] - np.sqrt(k[:, _SWING]) * said
    c.company[rows, _MEAN] = np.where(np.isnan(at_home), k[:, _MEAN], at_home)


def forget(c: CompanyMemory, rows: Ints) -> None:
    """Know nothing of how `rows` go with others."""
    c.company[rows] = COMPANY_MEMORY["company"][1]
