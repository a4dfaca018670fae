"""Sections from columns, many at once, and columns from a section."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from projections.windows.sections import (
    AGENTS,
    BASE,
    CHOSEN,
    CONSTANT,
    COUNT,
    DECIMAL,
    DOUBLE,
    HEAD,
    LAST,
    LEAST,
    MAXIMUM,
    MEAN,
    MIDDLE,
    MINIMUM,
    NONE,
    SCALES,
    SINGLE,
    WIDTHS,
    length_of,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Piece = Callable[[int, int], bytes]
"""Returns the bytes of a column for the agents of one section, from where to where."""
Form = tuple[int, Piece]

_WHOLE: Final = ("<u1", "<u2", "<u4")
_LARGEST: Final = float(1 << 53)
_LANES: Final = np.arange(AGENTS, dtype=np.uint64)


def encoded(lanes: Ints, columns: Floats, edges: Ints) -> list[bytes]:
    """Return a section for each block.

    Parameters
    ----------
    lanes : Ints
        The place of each agent in its block, ascending within it.
    columns : Floats
        A row a column, in the order of `sections`; NaN for what is not known.
    edges : Ints
        Where each block begins; the first is 0.
    """
    forms = [
        _exact(columns[MINIMUM], edges),
        _like(columns[MAXIMUM], columns, edges),
        _last(columns, edges),
        _exact(columns[COUNT], edges),
        _mean(columns, edges),
        *(_rounded(column, edges) for column in columns[MEAN + 1 :]),
    ]
    codes = [code for code, _ in forms]
    masks = np.bitwise_or.reduceat(np.uint64(1) << lanes.astype(np.uint64), edges)
    found = []
    ends = [*edges.tolist()[1:], len(lanes)]
    for mask, begin, end in zip(masks.tolist(), edges.tolist(), ends, strict=True):
        parts = [HEAD.pack(mask, *codes)]
        parts += [piece(begin, end) for _, piece in forms]
        found.append(b"".join(parts))
    return found


def decoded(section: bytes) -> tuple[Ints, Floats]:
    """Return the lanes of a section and its columns; NaN for what is not known."""
    lanes, columns = decoded_alike([section])
    return lanes, columns[:, 0]


def decoded_alike(sections: Sequence[bytes]) -> tuple[Ints, Floats]:
    """Return the lanes of sections of one `head_of`, and the columns, by section and lane."""
    mask, *forms = HEAD.unpack_from(sections[0])
    lanes = np.flatnonzero(np.uint64(mask) >> _LANES & np.uint64(1))
    columns = np.full((len(forms), len(sections), len(lanes)), np.nan)
    raw = np.frombuffer(b"".join(sections), np.uint8).reshape(len(sections), -1)
    at = HEAD.size
    for number, form in enumerate(forms):
        length = length_of(form, len(lanes))
        _fill(columns, number, form, raw[:, at : at + length])
        at += length
    np.clip(columns[MEAN], columns[MINIMUM], columns[MAXIMUM], out=columns[MEAN])
    return lanes, columns


def head_of(section: bytes) -> bytes:
    """Return who is in a section, and the forms of its columns."""
    return section[: HEAD.size]


def merged(before: bytes, after: bytes) -> bytes:
    """Return both sections as one; of an agent in both, what came `after` counts."""
    one, two = decoded(before), decoded(after)
    lanes = np.concatenate((two[0], one[0]))
    kept, places = np.unique(lanes, return_index=True)
    columns = np.concatenate((two[1], one[1]), axis=1)[:, places]
    return encoded(kept, columns, np.zeros(1, np.int64))[0]


def _fill(columns: Floats, number: int, form: int, raw: Bytes) -> None:
    least, most, into = columns[MINIMUM], columns[MAXIMUM], columns[number]
    if form >= DECIMAL:
        digits, width = divmod(form - DECIMAL, WIDTHS)
        bases, whole = _as(raw[:, : BASE.size], "<i8"), _as(raw[:, BASE.size :], _WHOLE[width])
        into[:] = (whole.astype(np.int64) + bases) / SCALES[digits]
        if number >= MEAN:  # as precise as if it were written as it is
            into[:] = into.astype(np.float32)
    elif form in (SINGLE, DOUBLE, CONSTANT):
        into[:] = _as(raw, "<f4" if form == SINGLE else "<f8")
    elif form == CHOSEN:
        bits = np.unpackbits(raw, axis=1, count=into.shape[1], bitorder="little")
        into[:] = np.where(bits.astype(bool), most, least)
    elif form in (LEAST, MIDDLE):
        into[:] = least if form == LEAST else (least + most) / 2.0


def _as(raw: Bytes, kind: str) -> npt.NDArray[Any]:
    return np.ascontiguousarray(raw).view(kind)


def _nothing(_begin: int, _end: int) -> bytes:
    return b""


def _exact(column: Floats, edges: Ints) -> Form:
    if (column == column[0]).all():
        value = column[:1].astype("<f8").tobytes()
        return CONSTANT, lambda _begin, _end: value
    return _decimals(column, column, edges) or _plain(column, DOUBLE)


def _like(column: Floats, columns: Floats, edges: Ints) -> Form:
    if np.array_equal(column, columns[MINIMUM]):
        return LEAST, _nothing
    return _exact(column, edges)


def _last(columns: Floats, edges: Ints) -> Form:
    last, least, most = columns[LAST], columns[MINIMUM], columns[MAXIMUM]
    if np.array_equal(last, least):
        return LEAST, _nothing
    upper = last == most
    if (upper | (last == least)).all():
        return CHOSEN, lambda a, b: bytes(np.packbits(upper[a:b], bitorder="little"))
    return _exact(last, edges)


def _mean(columns: Floats, edges: Ints) -> Form:
    mean, least, most = columns[MEAN], columns[MINIMUM], columns[MAXIMUM]
    if _is_single(mean):
        single = mean.astype(np.float32)
        if np.array_equal(single, least.astype(np.float32)):
            return LEAST, _nothing
        if np.array_equal(single, ((least + most) / 2.0).astype(np.float32)):
            return MIDDLE, _nothing
    return _rounded(mean, edges)


def _rounded(column: Floats, edges: Ints) -> Form:
    unknown = np.isnan(column)
    if unknown.all():
        return NONE, _nothing
    if not _is_single(column):
        return _plain(column, DOUBLE)
    single = column.astype(np.float32)
    found = None if unknown.any() else _decimals(column, single, edges)
    if found is None or (found[0] - DECIMAL) % WIDTHS == WIDTHS - 1:
        return _plain(column, SINGLE)
    return found


def _is_single(column: Floats) -> bool:
    """Say whether single precision tells all of them with seven digits."""
    with np.errstate(over="ignore"):
        apart = np.abs(column.astype(np.float32).astype(np.float64) - column)
    return not (apart > np.abs(column) * 1e-7).any()


def _plain(column: Floats, form: int) -> Form:
    size = 4 if form == SINGLE else 8
    raw = column.astype("<f4" if form == SINGLE else "<f8").tobytes()
    return form, lambda begin, end: raw[size * begin : size * end]


def _decimals(column: Floats, kept: npt.NDArray[np.float32] | Floats, edges: Ints) -> Form | None:
    """Return whole numbers that make `kept` again, or None where there are none so short."""
    largest = float(np.abs(column).max())
    for digits, scale in enumerate(SCALES):
        if largest * scale >= _LARGEST:
            return None
        whole = np.rint(column * scale)
        if np.array_equal((whole / scale).astype(kept.dtype), kept):
            return _whole(whole.astype(np.int64), digits, edges)
    return None


def _whole(whole: Ints, digits: int, edges: Ints) -> Form | None:
    bases = np.minimum.reduceat(whole, edges)
    above = whole - np.repeat(bases, np.diff(edges, append=len(whole)))
    span = int(above.max())
    if span >= 1 << 32:
        return None
    width = 0 if span < 1 << 8 else 1 if span < 1 << 16 else 2
    size, raw = 1 << width, bytes(above.astype(_WHOLE[width]).tobytes())
    packed = dict(zip(edges.tolist(), bases.tolist(), strict=True))

    def piece(begin: int, end: int) -> bytes:
        return BASE.pack(packed[begin]) + raw[size * begin : size * end]

    return DECIMAL + WIDTHS * digits + width, piece
