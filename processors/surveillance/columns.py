"""State by columns: one array a field, one row an agent or a series.

Rows are handed out from a free list first, so memory follows the number of living rows. A freed
row is reset at once: equal histories leave equal bytes.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_FIRST = 64


class Columns:
    """Growing arrays of equal length; `SPEC` names them with type and blank value."""

    SPEC: ClassVar[dict[str, tuple[type[np.generic], float]]] = {}

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
        """Return the raw bytes of every column, little endian."""
        return {
            name: getattr(self, name)[: self.size].astype(_little(kind), copy=False).tobytes()
            for name, (kind, _) in self.SPEC.items()
        }

    def load(self, size: int, free: list[int], columns: dict[str, bytes]) -> None:
        """Take over what `dump` returned."""
        self.size, self.free, self._capacity = 0, free, 0
        self._grow(max(size, _FIRST))
        self.size = size
        for name, (kind, _) in self.SPEC.items():
            getattr(self, name)[:size] = np.frombuffer(columns[name], dtype=_little(kind))

    def bytes_used(self) -> int:
        """Return the memory of the arrays in bytes."""
        return sum(int(getattr(self, name).nbytes) for name in self.SPEC)

    def _grow(self, capacity: int) -> None:
        for name, (kind, blank) in self.SPEC.items():
            grown: npt.NDArray[Any] = np.full(capacity, blank, dtype=kind)
            if self.size:
                grown[: self.size] = getattr(self, name)[: self.size]
            setattr(self, name, grown)
        self._capacity = capacity


def _little(kind: type[np.generic]) -> np.dtype[Any]:
    return np.dtype(kind).newbyteorder("<")


class AgentColumns(Columns):
    """What is known of each agent, by slot."""

    SPEC: ClassVar = {
        "status": (np.int8, -1),
        "last_seen": (np.float64, 0.0),
        "declared_at": (np.float64, -np.inf),
        "interval": (np.float64, 0.0),
        "failures": (np.int32, 0),
        "level": (np.int8, 0),
        "score": (np.float64, 0.0),
        "level_since": (np.float64, 0.0),
    }
    status: npt.NDArray[np.int8]
    last_seen: Floats
    declared_at: Floats
    interval: Floats
    failures: npt.NDArray[np.int32]
    level: npt.NDArray[np.int8]
    score: Floats
    level_since: Floats


class SeriesColumns(Columns):
    """What is known of each (agent, metric), by series."""

    SPEC: ClassVar = {
        "slot": (np.int32, -1),
        "metric": (np.int32, -1),
        "rule": (np.int16, -1),
        "judged": (np.bool_, 0),
        "count": (np.int32, 0),
        "total": (np.float64, 0.0),
        "low": (np.float64, np.inf),
        "high": (np.float64, -np.inf),
        "last": (np.float64, 0.0),
        "last_at": (np.float64, -np.inf),
        "warning_since": (np.float64, np.inf),
        "critical_since": (np.float64, np.inf),
        "better_since": (np.float64, np.inf),
        "level": (np.int8, 0),
        "mean": (np.float64, 0.0),
        "variance": (np.float64, 0.0),
        "samples": (np.int32, 0),
        "streak": (np.int16, 0),
        "calm": (np.int16, 0),
        "anomalous": (np.bool_, 0),
        "deviating_since": (np.float64, 0.0),
    }
    slot: npt.NDArray[np.int32]
    metric: npt.NDArray[np.int32]
    rule: npt.NDArray[np.int16]
    judged: Bools
    count: npt.NDArray[np.int32]
    total: Floats
    low: Floats
    high: Floats
    last: Floats
    last_at: Floats
    warning_since: Floats
    critical_since: Floats
    better_since: Floats
    level: npt.NDArray[np.int8]
    mean: Floats
    variance: Floats
    samples: npt.NDArray[np.int32]
    streak: npt.NDArray[np.int16]
    calm: npt.NDArray[np.int16]
    anomalous: Bools
    deviating_since: Floats
