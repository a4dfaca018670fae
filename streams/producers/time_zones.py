"""What the clock of a place shows, as data that a record can carry."""

from __future__ import annotations

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

_STEP_S: Final = 86_400


def offsets_of(time_zone: str, since: float, until: float) -> list[tuple[float, int]]:
    """Return from when on a clock is ahead of UTC by how many seconds.

    Parameters
    ----------
    time_zone : str
        As the IANA database names it.
    since, until : float
        Seconds since the epoch: the first pair holds from a week before, and every change up to
        a week after is told, since a window may reach beyond.

    Raises
    ------
    ZoneInfoNotFoundError
        Where there is no such place (a `KeyError`), or a `ValueError` where that is no name.

    Examples
    --------
    >>> offsets_of("Europe/Berlin", 1_774_000_000.0, 1_776_000_000.0)
    [(1773395200.0, 3600), (1774746000.0, 7200)]
    """
    zone, week = ZoneInfo(time_zone), 7 * _STEP_S
    at, end = int(since) - week, int(until) + week
    found = [(float(at), _offset(zone, at))]
    while at < end:
        following = at + _STEP_S
        if _offset(zone, following) != found[-1][1]:
            changed = _change(zone, at, following)
            found.append((float(changed), _offset(zone, changed)))
        at = following
    return found


def _change(zone: ZoneInfo, before: int, after: int) -> int:
    """Return the first second of the new offset, which lies between."""
    offset = _offset(zone, before)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(zone, middle) == offset:
            before = middle
        else:
            after = middle
    return after


def _offset(zone: ZoneInfo, at: int) -> int:
    told = dt.datetime.fromtimestamp(at, zone).utcoffset()
    return 0 if told is None else int(told.total_seconds())
