"""The windows of one agent out of many sections at once, as `window_of` reads them one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec
import numpy as np

from projections.read_models.metric import Window
from projections.windows.columns import Bytes, Floats, head_of
from projections.windows.sections import (
    BASE,
    CONSTANT,
    DECIMAL,
    DOUBLE,
    LEAST,
    MAXIMUM,
    MIDDLE,
    MINIMUM,
    NONE,
    SCALES,
    SINGLE,
    WIDTHS,
    Columns,
    columns_of_lane,
    window_of,
)
from streams.contracts.telemetry import METRIC

_FEW: Final = 6
"""Of so few sections alike, each is read by itself as quickly."""
_WHOLE: Final = ("<u1", "<u2", "<u4")
_LOWEST: Final = -6
_TENS: Final = np.array([float(f"1e{n}") for n in range(_LOWEST, 8)])
_SCALES: Final = np.array([float(f"1e{6 - n}") for n in range(_LOWEST - 1, 8)])
"""What makes whole numbers of seven digits of those between two tens."""


@lru_cache(maxsize=256)
def section_reader(metric: str) -> Callable[[bytes], bytes | None]:
    """Return what takes the section of one metric out of a block's row, and leaves the others."""
    if not METRIC.fullmatch(metric):  # may not be the name of a field; nothing else is measured
        return lambda _packed: None
    row = msgspec.defstruct("Row", [("section", bytes | None, None)], rename={"section": metric})
    decode: Callable[[bytes], Any] = msgspec.msgpack.Decoder(row).decode
    return lambda packed: decode(packed).section


def windows_in(sections: Sequence[bytes], lane: int) -> list[Window | None]:
    """Return the window of the agent in that lane of each section; None where it has none."""
    alike: dict[bytes, list[int]] = {}
    for place, section in enumerate(sections):
        alike.setdefault(head_of(section), []).append(place)
    found: list[Window | None] = [None] * len(sections)
    for head, places in alike.items():
        where = columns_of_lane(head, lane)
        if where is None:
            continue
        some = [sections[place] for place in places]
        windows = (
            [window_of(each, lane) for each in some]
            if len(some) <= _FEW
            else _windows(some, *where)
        )
        for place, window in zip(places, windows, strict=True):
            found[place] = window
    return found


def _windows(sections: Sequence[bytes], place: int, forms: Columns) -> list[Window]:
    raw = np.frombuffer(b"".join(sections), np.uint8).reshape(len(sections), -1)
    columns: list[Floats | None] = []
    for form, at in forms:
        columns.append(_column(raw, form, at, place, columns))
    least, most, last, count, mean, low, high = (
        _known(column, len(sections)) for column in columns
    )
    return [
        (int(c), min(max(m, a), b), a, b, z, lo, hi)
        for c, m, a, b, z, lo, hi in zip(count, mean, least, most, last, low, high, strict=True)
    ]


def _column(raw: Bytes, form: int, at: int, place: int, before: Sequence[Any]) -> Any:
    if form >= DECIMAL:
        digits, width = divmod(form - DECIMAL, WIDTHS)
        bases = _as(raw, at, "<i8")
        whole = _as(raw, at + BASE.size + (place << width), _WHOLE[width])
        return (whole.astype(np.int64) + bases) / SCALES[digits]
    if form == SINGLE:
        return shortest_of(_as(raw, at + 4 * place, "<f4").astype(np.float64))
    if form in (DOUBLE, CONSTANT):
        return _as(raw, at + (8 * place if form == DOUBLE else 0), "<f8")
    if form == NONE:
        return None
    if form == LEAST:
        return before[MINIMUM]
    if form == MIDDLE:
        return (before[MINIMUM] + before[MAXIMUM]) / 2.0
    upper = raw[:, at + place // 8] >> (place % 8) & 1
    return np.where(upper.astype(bool), before[MAXIMUM], before[MINIMUM])


def shortest_of(values: Floats) -> Floats:
    """Return numbers of single precision with the seven digits that each has, as `shortest`.

    One from 0.000001 to 10,000,000 times the power of ten that makes it a whole number of seven
    digits is exact, as 24 and 28 bits are less than 53; so are both parts of the quotient.
    """
    size = np.abs(values)
    places = np.searchsorted(_TENS, size, side="right")
    ordinary = (places > 0) & (places < len(_TENS))
    scale = _SCALES[np.where(ordinary, places, 1)]
    found: Floats = np.rint(values * scale) / scale
    for place in np.flatnonzero(~ordinary & (size > 0)).tolist():
        found[place] = float(f"{values[place]:.7g}")
    return found


def _known(column: Floats | None, length: int) -> list[Any]:
    """Return a column's values, None for those that are not known."""
    if column is None:
        return [None] * length
    values: list[Any] = column.tolist()
    if not np.isnan(column).any():
        return values
    return [None if value != value else value for value in values]


def _as(raw: Bytes, at: int, kind: str) -> Any:
    size = np.dtype(kind).itemsize
    return np.ascontiguousarray(raw[:, at : at + size]).view(kind)[:, 0]
