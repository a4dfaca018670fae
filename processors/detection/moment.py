"""Where in its day and its week a moment lies, in UTC."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from processors.columns import Floats, Ints

_DAY_S = 86400.0


class Moment(NamedTuple):
    """An hour, its nearer neighbour and how far to lean to it, and the day of the week."""

    hour: int
    beside: int
    lean: float
    weekday: int


class Moments(NamedTuple):
    """The same of many."""

    hour: Ints
    beside: Ints
    lean: Floats
    weekday: Ints


def moment(at: float) -> Moment:
    """Return where `at`, seconds since the epoch, lies.

    Examples
    --------
    >>> moment(1_700_000_000.0).hour
    22
    """
    return Moment._make(placed(at))


def placed(at: float) -> tuple[int, int, float, int]:
    """Return the same as a plain tuple: names cost as much as all that is computed here."""
    hours = at % _DAY_S / 3600.0
    hour = int(hours)
    off = hours - hour - 0.5
    return hour, (hour + (1 if off > 0.0 else 23)) % 24, abs(off), int(at // _DAY_S) % 7


def moments(at: Floats) -> Moments:
    """Return where each of `at` lies."""
    hours = np.mod(at, _DAY_S) / 3600.0
    hour = hours.astype(np.int64)
    off = hours - hour - 0.5
    beside = (hour + np.where(off > 0.0, 1, 23)) % 24
    return Moments(hour, beside, np.abs(off), (at // _DAY_S).astype(np.int64) % 7)
