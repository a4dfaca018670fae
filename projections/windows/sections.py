"""One metric's window of up to 64 agents in few bytes, and the window of one of them.

A section is a mask of the agents in it, the form of each column, and the columns. Decimals with few
digits are whole numbers above a base; what follows from other columns is not written. Count,
minimum, maximum and last are exact; mean and expected range have single precision, seven digits.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import Final

import msgspec

from projections.read_models.metric import Window

AGENTS: Final = 64
"""In a block: enough that a row's key and its place in the index weigh little."""
MINIMUM, MAXIMUM, LAST, COUNT, MEAN, LOW, HIGH = range(7)
"""The columns, in their order: what others follow from comes first."""
NONE, SINGLE, DOUBLE, LEAST, MIDDLE, CHOSEN, CONSTANT, DECIMAL = range(8)
"""Forms: not known of any; four or eight bytes each; as the minimum; in the middle of minimum and
maximum; one of these two, a bit each; the same of all; from `DECIMAL` on whole numbers, by digits
and width."""
WIDTHS: Final = 3
"""Whole numbers take 1, 2 or 4 bytes."""
MOST_DIGITS: Final = 6
SCALES: Final = tuple(10.0**digits for digits in range(MOST_DIGITS + 1))
SECTIONS: Final = msgspec.msgpack.Decoder(dict[str, bytes]).decode
"""A block's sections, by metric."""
Columns = tuple[tuple[int, int], ...]
"""The form of each column, and where it begins in a section."""
HEAD: Final = Struct("<Q7B")
BASE: Final = Struct("<q")
_SINGLE: Final = Struct("<f")
_DOUBLE: Final = Struct("<d")
_WHOLE: Final = (Struct("<B"), Struct("<H"), Struct("<I"))


def window_of(section: bytes, lane: int) -> Window | None:
    """Return the window of the agent in that lane; None where it has none."""
    where = columns_of_lane(section[: HEAD.size], lane)
    if where is None:
        return None
    place, columns = where
    values: list[float | None] = []
    for form, at in columns:
        values.append(_value(section, at, form, place, values))
    least, most, last, count, mean, low, high = values
    if least is None or most is None or last is None or count is None or mean is None:
        raise ValueError("a section lacks what was measured")
    return int(count), min(max(mean, least), most), least, most, last, low, high


def windows_of_lane(packed: bytes, lane: int) -> dict[str, Window]:
    """Return the windows of the agent in that lane, by metric; `packed` is a block's row."""
    known = ((name, window_of(section, lane)) for name, section in SECTIONS(packed).items())
    return {name: window for name, window in known if window is not None}


@lru_cache(maxsize=1024)
def columns_of_lane(head: bytes, lane: int) -> tuple[int, Columns] | None:
    """Return the place of a lane among those of a section, and each column's form and begin.

    Heads of one block and metric change seldom, and a chart reads hundreds.
    """
    mask, *forms = HEAD.unpack(head)
    if not mask >> lane & 1:
        return None
    columns, at = [], HEAD.size
    for form in forms:
        columns.append((form, at))
        at += length_of(form, mask.bit_count())
    return (mask & ((1 << lane) - 1)).bit_count(), tuple(columns)


def length_of(form: int, agents: int) -> int:
    """Return how many bytes a column takes."""
    if form >= DECIMAL:
        return BASE.size + (agents << (form - DECIMAL) % WIDTHS)
    if form == CHOSEN:
        return (agents + 7) // 8
    return {SINGLE: 4 * agents, DOUBLE: 8 * agents, CONSTANT: 8}.get(form, 0)


def _value(
    section: bytes, at: int, form: int, place: int, values: list[float | None]
) -> float | None:
    if form >= DECIMAL:
        digits, width = divmod(form - DECIMAL, WIDTHS)
        whole: int = _WHOLE[width].unpack_from(section, at + BASE.size + (place << width))[0]
        base: int = BASE.unpack_from(section, at)[0]
        return (base + whole) / SCALES[digits]
    if form == SINGLE:
        return shortest(_SINGLE.unpack_from(section, at + 4 * place)[0])
    if form in (DOUBLE, CONSTANT):
        found: float = _DOUBLE.unpack_from(section, at + (8 * place if form == DOUBLE else 0))[0]
        return None if found != found else found
    return _following(section, at, form, place, values)


def _following(
    section: bytes, at: int, form: int, place: int, values: list[float | None]
) -> float | None:
    if form == NONE:
        return None
    least = values[MINIMUM] or 0.0
    if form == LEAST:
        return least
    most = values[MAXIMUM] or 0.0
    if form == MIDDLE:
        return (least + most) / 2.0
    return most if section[at + place // 8] >> (place % 8) & 1 else least


def shortest(value: float) -> float | None:
    """Return a number of single precision with the digits that it has; None for none."""
    return None if value != value else float(f"{value:.7g}")
