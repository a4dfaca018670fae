"""How metrics went in the window that closes, and the marks of what is told of them."""

from __future__ import annotations

from typing import Final, NamedTuple

from processors.columns import Bools, Floats, Ints

STILL: Final = 1
CLIMBS: Final = 2
MISSING: Final = 4
CHANNELS: Final = {STILL: "still", CLIMBS: "trend", MISSING: "missing"}


class Ahead(NamedTuple):
    """Where the climbs of one scale lead.

    `speed` is in units a second, `left` in seconds until the limit; infinity for never.
    """

    begins: Bools
    over: Bools
    speed: Floats
    left: Floats


class Went(NamedTuple):
    """How series went in the window that closes: those of which there is something to say.

    Parameters
    ----------
    rows : array of int
        Series with a value in it, ascending.
    mean : array
        Of those values.
    stuck, moving : array of bool
        See `processors.detection.course.Course`; none is stuck that never varied.
    moved : array
        By how much the mean of half an hour is above that of the window, seasons apart.
    ahead : tuple of Ahead
        One for each of `SCALES`.
    """

    rows: Ints
    mean: Floats
    stuck: Bools
    moving: Bools
    moved: Floats
    ahead: tuple[Ahead, ...]


class Window(NamedTuple):
    """The window that closes: its length in seconds, and its middle, seconds since the epoch."""

    width: float
    at: float
