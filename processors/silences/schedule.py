"""When a silence is in force: all the time from start to end, or in windows that come back.

Windows are told by the clock of a place. What that shows is computed from the offsets that the
silence carries, never from a database of time zones, so that every reader comes to the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from streams.contracts.events.silence import Recurrence, SilenceCreated

DAY_S: Final = 86_400
_MONDAY_OFFSET: Final = 3
"""1970-01-01 was a Thursday."""


class Window(NamedTuple):
    """A time in which a silence is in force: from `start` until before `end`."""

    start: float
    end: float


def window_at(silence: SilenceCreated, at: float) -> Window | None:
    """Return the window that `at` lies in; of overlapping ones that which ends last."""
    now = (w for w in windows(silence, at) if w.start <= at < w.end)
    return max(now, key=lambda window: window.end, default=None)


def next_turn(silence: SilenceCreated, at: float) -> float:
    """Return the first moment after `at` at which a window begins or ends; at last its end."""
    turns = (turn for window in windows(silence, at) for turn in window if turn > at)
    return min(turns, default=silence.ends_at)


def windows(silence: SilenceCreated, at: float) -> Iterator[Window]:
    """Give the windows around `at`, and the next that begins after it."""
    whole = Window(silence.starts_at, silence.ends_at)
    if silence.recurrence is None:
        yield whole
        return
    # The next one may lie far ahead of what is asked, where the silence begins later.
    for each in _around(silence.recurrence, max(at, silence.starts_at)):
        clipped = Window(max(each.start, whole.start), min(each.end, whole.end))
        if clipped.start < clipped.end:
            yield clipped


def _around(recurrence: Recurrence, at: float) -> Iterator[Window]:
    today = int((at + _offset_at(recurrence.offsets, at)) // DAY_S)
    back = recurrence.lasts_s // DAY_S + 2
    for day in range(today - back, today + 9):
        if (day + _MONDAY_OFFSET) % 7 in recurrence.days:
            start = moment_of(recurrence.offsets, day * DAY_S + recurrence.start_s)
            yield Window(start, start + recurrence.lasts_s)


def moment_of(offsets: Sequence[tuple[float, int]], shown: float) -> float:
    """Return when a clock shows `shown` (seconds since 1970 of its own).

    What it shows twice is the first time; what it skips is as late as if it had not skipped.

    Examples
    --------
    >>> spring = [(0.0, 3600), (10_000.0, 7200)]  # the clock jumps from 13,600 to 17,200
    >>> [moment_of(spring, shown) for shown in (13_599, 15_000, 17_200)]
    [9999.0, 11400.0, 10000.0]
    """
    for number, (_, offset) in enumerate(offsets):
        at = float(shown - offset)
        until = offsets[number + 1][0] if number + 1 < len(offsets) else float("inf")
        if at < until:
            since = offsets[number][0]
            skipped = number > 0 and at < since
            return float(shown - offsets[number - 1][1]) if skipped else at
    return float(shown)


def _offset_at(offsets: Sequence[tuple[float, int]], at: float) -> int:
    found = offsets[0][1] if offsets else 0
    for since, offset in offsets:
        if since <= at:
            found = offset
    return found
