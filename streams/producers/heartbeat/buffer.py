"""What was measured and not yet acknowledged, within bounds, oldest first."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path


class Buffer:
    """A queue between the host program and the sender; safe to use from any thread.

    Parameters
    ----------
    max_count : int
        How many records it holds.
    max_bytes : int
        How many bytes they may have together. Beyond either bound the oldest are dropped.

    Attributes
    ----------
    dropped : int
        How many records were given up for want of room.

    Examples
    --------
    >>> buffer = Buffer(max_count=2)
    >>> for item in (b"a", b"b", b"c"):
    ...     buffer.append(item)
    >>> buffer.take(10), buffer.dropped
    ([b'b', b'c'], 1)
    """

    def __init__(self, max_count: int = 10_000, max_bytes: int = 16 << 20) -> None:
        if max_count < 1 or max_bytes < 1:
            raise ValueError(f"max_count={max_count}, max_bytes={max_bytes}; both must be positive")
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._waiting: deque[bytes] = deque()
        self._in_flight: list[bytes] = []
        self._bytes = 0
        self._lock = threading.Lock()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._in_flight)

    def append(self, item: bytes) -> None:
        """Add the newest record."""
        with self._lock:
            self._waiting.append(item)
            self._bytes += len(item)
            self._trim()

    def take(self, count: int) -> list[bytes]:
        """Return the oldest records, at most `count`; they stay here until `settle`."""
        with self._lock:
            while self._waiting and len(self._in_flight) < count:
                self._in_flight.append(self._waiting.popleft())
            return list(self._in_flight)

    def settle(self) -> None:
        """Forget what was taken: it arrived, or never will."""
        with self._lock:
            self._bytes -= sum(map(len, self._in_flight))
            self._in_flight.clear()

    def put_back(self) -> None:
        """Return what was taken to the head of the queue, in its order."""
        with self._lock:
            self._waiting.extendleft(reversed(self._in_flight))
            self._in_flight.clear()
            self._trim()

    def _trim(self) -> None:
        # What is in flight may have arrived, so only what waits is given up.
        while self._waiting and (len(self) > self._max_count or self._bytes > self._max_bytes):
            self._bytes -= len(self._waiting.popleft())
            self.dropped += 1

    def save(self, path: Path) -> None:
        """Write what is left to `path`, one record a line; no file where nothing is left."""
        self.put_back()
        if not self._waiting:
            path.unlink(missing_ok=True)
            return
        whole = path.with_name(path.name + ".part")
        whole.write_bytes(b"".join(item + b"\n" for item in self._waiting))
        whole.replace(path)

    def load(self, path: Path) -> None:
        """Add what an earlier run left in `path`, before anything new."""
        if path.exists():
            self._extend(path.read_bytes().splitlines())

    def _extend(self, items: Iterable[bytes]) -> None:
        for item in items:
            self.append(item)
