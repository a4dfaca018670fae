"""What the rules remember of what they watch: one row for each series and rule."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt

from processors.columns import Bools, Columns, Floats

PARTS: Final = 10
"""A window is kept in so many parts."""
_NOTHING: Final = (0.0,) * PARTS


class WatchColumns(Columns):
    """A rule's watch over a series, by watch.

    `next` is the series' following watch; `pane` its window, -1 for none; `since` says when the
    condition began to hold, `better_since` when a threat's condition ceased to (both infinite
    otherwise); `run` counts values in a row that met it.
    """

    SPEC: ClassVar = {
        "slot": (np.int32, -1),
        "series": (np.int32, -1),
        "rule": (np.int16, -1),
        "next": (np.int32, -1),
        "pane": (np.int32, -1),
        "run": (np.int32, 0),
        "open": (np.bool_, 0),
        "since": (np.float64, np.inf),
        "better_since": (np.float64, np.inf),
    }
    slot: npt.NDArray[np.int32]
    series: npt.NDArray[np.int32]
    rule: npt.NDArray[np.int16]
    next: npt.NDArray[np.int32]
    pane: npt.NDArray[np.int32]
    run: npt.NDArray[np.int32]
    open: Bools
    since: Floats
    better_since: Floats


class PaneColumns(Columns):
    """Windows in parts: a ring of sums, by window.

    Part k of time (its length is the window's tenth) lies in column k mod 10. `part` is the newest
    that is in; `origin` is near the values, so that squares lose no digits, and for a counter the
    value before. `spread` is the row of counts and squares, where the rule needs these.
    """

    SPEC: ClassVar = {
        "part": (np.int64, -1),
        "spread": (np.int32, -1),
        "origin": (np.float64, np.nan),
        "total": (np.float64, _NOTHING),
    }
    part: npt.NDArray[np.int64]
    spread: npt.NDArray[np.int32]
    origin: Floats
    total: Floats


class SpreadColumns(Columns):
    """How many values lie in each part of a window, and the sum of their squares."""

    SPEC: ClassVar = {
        "count": (np.float64, _NOTHING),
        "squares": (np.float64, _NOTHING),
    }
    count: Floats
    squares: Floats
