"""A state in named parts, so that a snapshot of a large one need not write what has not changed.

A part is bytes, or an array with a row an agent (or a series). Wide arrays are laid out column by
column: what changes together lies together, and an hour of the day that passed is not written
again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol, TypeVar, runtime_checkable

import msgspec
import numpy as np
import numpy.typing as npt

Part = bytes | npt.NDArray[Any]
Parts = Mapping[str, Part]
S_contra = TypeVar("S_contra", contravariant=True)
_BLOCK: Final = 512
"""Rows that are turned at once."""
_decoder: Final = msgspec.msgpack.Decoder(dict[str, bytes])


@runtime_checkable
class Parted(Protocol[S_contra]):
    """A `Step` whose ``dump(state)`` is ``packed(parts(state))``."""

    def parts(self, state: S_contra) -> Parts:
        """Return all that `state` holds, until it moves, in an order that never changes."""
        ...


def size_of(parts: Parts) -> int:
    """Return how many bytes there are."""
    return sum(
        part.nbytes if isinstance(part, np.ndarray) else len(part) for part in parts.values()
    )


def plain(part: Part) -> bytes:
    """Return the bytes of a part: little endian, column by column."""
    if isinstance(part, bytes):
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


def unpacked(data: bytes) -> dict[str, bytes]:
    """Return the parts that `packed` took, each as its bytes."""
    return _decoder.decode(data)
