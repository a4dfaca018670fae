"""A state in named parts, so that a snapshot of a large one need not write what has not changed.

A part is bytes, or an array with a row an agent (or a series). Wide arrays are laid out column by
column: what changes together lies together, and an hour of the day that passed is not written
again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol, TypeVar, cast, runtime_checkable

import msgspec
import numpy as np
import numpy.typing as npt

from processors.step import Context, Step

Raw = bytes | bytearray
Part = Raw | npt.NDArray[Any]
Parts = Mapping[str, Part]
Stored = bytes | Mapping[str, Raw]
"""A state as it was dumped: in one piece, or its parts, each as its bytes."""
S = TypeVar("S")
_BLOCK: Final = 512
"""Rows that are turned at once."""
_decoder: Final = msgspec.msgpack.Decoder(dict[str, bytes])


@runtime_checkable
class Parted(Protocol[S]):
    """A `Step` whose ``dump(state)`` is ``packed(parts(state))``."""

    def parts(self, state: S) -> Parts:
        """Return all that `state` holds, until it moves, in an order that never changes."""
        ...

    def assemble(self, context: Context, parts: Mapping[str, Raw]) -> S:
        """Return the state of which `parts` are, each as its bytes."""
        ...


def size_of(parts: Parts) -> int:
    """Return how many bytes there are."""
    return sum(
        part.nbytes if isinstance(part, np.ndarray) else len(part) for part in parts.values()
    )


def plain(part: Part) -> Raw:
    """Return the bytes of a part: little endian, column by column."""
    if not isinstance(part, np.ndarray):
        return part
    little = part.astype(part.dtype.newbyteorder("<"), copy=False)
    return (by_column(little) if part.ndim == 2 else little).tobytes()


def by_column(wide: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a wide array with its columns one after another, shape (columns, rows).

    In blocks that stay in a core's cache: taken as a whole, each number would be fetched from
    memory with all of its row.
    """
    found = np.empty(wide.shape[::-1], dtype=wide.dtype)
    for first in range(0, len(wide), _BLOCK):
        found[:, first : first + _BLOCK] = wide[first : first + _BLOCK].T
    return found


def packed(parts: Parts) -> bytes:
    """Return `parts` as one piece. Equal parts, equal bytes."""
    return msgspec.msgpack.encode({name: plain(part) for name, part in parts.items()})


def in_one_piece(data: Stored) -> bytes:
    """Return a state as one piece of bytes."""
    return data if isinstance(data, bytes) else packed(data)


def in_parts(data: Stored) -> Mapping[str, Raw]:
    """Return the parts that `packed` took, each as its bytes."""
    return _decoder.decode(data) if isinstance(data, bytes) else data


def loaded(step: Step[S], context: Context, data: Stored) -> S:
    """Return the state that `data` holds.

    Parts are taken as they are: to make one piece of them takes seconds with a large state, in
    which no other thread of the process runs.
    """
    if isinstance(step, Parted) and not isinstance(data, bytes):
        return cast(S, step.assemble(context, data))
    return step.load(context, in_one_piece(data))
