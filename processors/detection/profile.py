"""The profile of a day and of a week, in a byte for each hour and each weekday.

What an hour is expected to add to the level is kept in 127ths of the largest addition. What the
present hour and the present day have taught is kept beside it in single precision, and goes into
the profile once they are over: lessons of a heartbeat are too small for a byte, those of an hour
are not. Nothing is lost by the roundings but half of a 127th, once a day.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from processors.columns import Floats, Ints
from processors.detection.moment import Moments, moment, moments

HOURS: Final = 24
SLOTS: Final = HOURS + 7
_STEPS: Final = 127.0
_HOUR_S: Final = 3600.0
_DAY_S: Final = 86400.0
_SINGLE: Final = struct.Struct("<f")

PROFILE_MEMORY: Final[dict[str, tuple[type[np.generic], float | tuple[float, ...]]]] = {
    "profile": (np.int8, (0,) * SLOTS),
    "lessons": (np.float32, (0.0, 0.0, 0.0)),
}
STEP, HOURLY, DAILY = range(3)
"""Columns of `lessons`: what a step of the profile is worth, and what is taught of late."""


class ProfileMemory(Protocol):
    """Columns of profiles; the present hour and day are those of `judged_at`."""

    profile: npt.NDArray[np.int8]
    lessons: npt.NDArray[np.float32]
    judged_at: Floats


def turn(c: ProfileMemory, rows: Ints, at: Floats) -> None:
    """Take what an hour has taught into the profile, where `at` is in another one."""
    before = c.judged_at[rows]
    over = np.floor(before / _HOUR_S) != np.floor(at / _HOUR_S)
    if not bool(over.any()):
        return
    rows, before, at = rows[over], before[over], at[over]
    lessons = c.lessons[rows].astype(np.float64)
    values = c.profile[rows] * lessons[:, STEP, None]
    own, when = np.arange(len(rows)), moments(before)
    values[own, when.hour] += lessons[:, HOURLY]
    day_over = np.floor(before / _DAY_S) != np.floor(at / _DAY_S)
    values[own, HOURS + when.weekday] += np.where(day_over, lessons[:, DAILY], 0.0)
    step = (np.abs(values).max(axis=1) / _STEPS).astype(np.float32)
    size = step.astype(np.float64)[:, None]
    c.profile[rows] = np.rint(values / np.where(size > 0.0, size, 1.0))
    left = np.where(day_over, 0.0, lessons[:, DAILY])
    c.lessons[rows] = np.stack([step, np.zeros(len(rows)), left], axis=1)


def season(c: ProfileMemory, rows: Ints, when: Moments, lessons: Floats) -> Floats:
    """Return what is expected on top of the level, in the hour and day of `judged_at`.

    Parameters
    ----------
    lessons : array, shape (3, rows)
        As `STEP`, `HOURLY` and `DAILY` name them.
    """
    return _between(c, rows, when, lessons[STEP], lessons[HOURLY], lessons[DAILY])


def season_at(c: ProfileMemory, rows: Ints, at: float) -> Floats:
    """Return what is expected on top of the level at any time `at`, seconds since the epoch."""
    before, lessons = c.judged_at[rows], c.lessons[rows].astype(np.float64)
    hourly = np.where(np.floor(before / _HOUR_S) == at // _HOUR_S, lessons[:, HOURLY], 0.0)
    daily = np.where(np.floor(before / _DAY_S) == at // _DAY_S, lessons[:, DAILY], 0.0)
    when = moments(np.full(len(rows), at))
    return _between(c, rows, when, lessons[:, STEP], hourly, daily)


def _between(
    c: ProfileMemory, rows: Ints, when: Moments, step: Floats, hourly: Floats, daily: Floats
) -> Floats:
    profile, first = c.profile.reshape(-1), rows * SLOTS
    here = profile.take(first + when.hour) * step + hourly
    beside = profile.take(first + when.beside) * step
    day = profile.take(first + HOURS + when.weekday) * step + daily
    expected: Floats = here + when.lean * (beside - here) + day
    return expected


def turned(
    profile: Sequence[int], lessons: Sequence[float], before: float, at: float
) -> tuple[list[int], tuple[float, float, float]]:
    """Return the profile and the lessons of one row after `turn`, by plain floats.

    Parameters
    ----------
    profile : sequence of int
        Of `SLOTS` bytes.
    lessons : sequence of float
        As the columns of ``lessons``.
    before, at : float
        The moments that lie in two hours, seconds since the epoch.
    """
    step, hourly, daily = lessons
    when = moment(before)
    changed = {when.hour: profile[when.hour] * step + hourly}
    if before // _DAY_S != at // _DAY_S:
        weekday = HOURS + when.weekday
        changed[weekday] = profile[weekday] * step + daily
        daily = 0.0
    step, after = _with(profile, step, changed)
    return after, (step, 0.0, daily)


def _with(
    profile: Sequence[int], step: float, changed: dict[int, float]
) -> tuple[float, list[int]]:
    """Return what a step is worth, and the profile, with additions that have changed."""
    kept = list(profile)
    for slot in changed:
        kept[slot] = 0
    highest, lowest = max(kept), min(kept)
    largest, others = max(map(abs, changed.values())), max(highest, -lowest)
    if others == _STEPS and largest <= _STEPS * step:
        # The largest addition is another one: the step stays, and with it all others.
        for slot, value in changed.items():
            kept[slot] = round(value / step)
        return step, kept
    (anew,) = _SINGLE.unpack(_SINGLE.pack(max(largest, others * step) / _STEPS))
    size = anew if anew > 0.0 else 1.0
    values = [changed.get(slot, each * step) for slot, each in enumerate(profile)]
    return anew, [round(value / size) for value in values]
