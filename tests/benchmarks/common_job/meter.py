"""What a contender measures of itself: from its first record to its last, no start-up in it."""

from __future__ import annotations

import json
import os
import time


class Meter:
    """Counts records, and reports on standard output where half and where all of them are done.

    Parameters
    ----------
    goal : int
        How many records there are.
    """

    def __init__(self, goal: int) -> None:
        self._goal = goal
        self._half = False
        self._began = self._cpu = 0.0
        self.count = 0

    @property
    def done(self) -> bool:
        """Whether all records were counted."""
        return self.count >= self._goal

    def add(self, count: int = 1) -> None:
        """Count what was just done."""
        if not self.count:
            self._began, self._cpu = time.perf_counter(), _cpu_s()
        self.count += count
        if self.done:
            took, cpu = time.perf_counter() - self._began, _cpu_s() - self._cpu
            say(records=self.count, seconds=took, cpu_s=cpu)
        elif not self._half and 2 * self.count >= self._goal:
            self._half = True
            say(half=self.count)


def say(**figures: float) -> None:
    """Write one line to whoever started this process."""
    os.write(1, json.dumps(figures).encode() + b"\n")


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
