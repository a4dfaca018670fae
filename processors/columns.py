"""State by columns: one array a field, one row an agent or a series.

Rows are handed out from a free list first, so memory follows the number of living rows. A freed
row is reset at once: equal histories leave equal bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from processors.parts import Raw, plain

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_FIRST = 64


class Columns:
    """Growing arrays of equal length; `SPEC` names them with type and blank value.

    Where the blank value is a tuple, a row of that column holds as many values.
    """

    SPEC: ClassVar[dict[str, tuple[type[np.generic], float | tuple[float, ...]]]] = {}

    def __init__(self) -> None:
        self.size = 0
        self.free: list[int] = []
        self._capacity = 0
        self._grow(_FIRST)

    def take(self) -> int:
        """Return a blank row."""
        if self.free:
            return self.free.pop()
        return self.take_block(1)

    def take_block(self, rows: int) -> int:
        """Return the first of `rows` adjacent blank rows."""
        first = self.size
        if first + rows > self._capacity:
            self._grow(max(first + rows, self._capacity + (self._capacity >> 1)))
        self.size += rows
        return first

    def release(self, row: int) -> None:
        """Make a row blank, to be taken again."""
        for name, (_, blank) in self.SPEC.items():
            getattr(self, name)[row] = blank
        self.free.append(row)

    def dump(self) -> dict[str, bytes]:
        """Return the bytes of every column: little endian, each place of a wide one by itself."""
        return {name: bytes(plain(getattr(self, name)[: self.size])) for name in self.SPEC}

    def parts(self) -> dict[str, npt.NDArray[Any]]:
        """Return every column as it is; `processors.parts.plain` gives the bytes of each."""
        return {name: getattr(self, name)[: self.size] for name in self.SPEC}

    def load(self, size: int, free: list[int], columns: Mapping[str, Raw]) -> None:
        """Take over what `dump` returned."""
        self.size, self.free, self._capacity = size, free, max(size, _FIRST)
        for name, (kind, blank) in self.SPEC.items():
            own = np.empty((self._capacity, *_width(blank)), dtype=kind)
            found = np.frombuffer(columns[name], dtype=_little(kind))
            own[:size] = found.reshape(size, *own.shape[1:], order="F")
            own[size:] = blank
            setattr(self, name, own)

    def bytes_used(self) -> int:
        """Return the memory of the arrays in bytes."""
        return sum(int(getattr(self, name).nbytes) for name in self.SPEC)

    def _grow(self, capacity: int) -> None:
        for name, (kind, blank) in self.SPEC.items():
            grown: npt.NDArray[Any] = np.full((capacity, *_width(blank)), blank, dtype=kind)
            if self.size:
                grown[: self.size] = getattr(self, name)[: self.size]
            setattr(self, name, grown)
        self._capacity = capacity


def _width(blank: float | tuple[float, ...]) -> tuple[int, ...]:
    return (len(blank),) if isinstance(blank, tuple) else ()


def _little(kind: type[np.generic]) -> np.dtype[Any]:
    return np.dtype(kind).newbyteorder("<")
