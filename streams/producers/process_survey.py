"""Which processes use a machine most: looked at once a minute, because every one is read."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final

import psutil

SURVEY_S: Final = 60.0
TOP: Final = 3


class Survey:
    """The processes that use most processor time and memory.

    Attributes
    ----------
    metrics : dict
        ``top_cpu_1`` (percent of one core since the last survey) … and ``top_memory_1``
        (resident bytes) …, the greatest first.
    labels : dict
        ``top_cpu`` and ``top_memory``: their names in that order.
    """

    def __init__(self) -> None:
        self.metrics: dict[str, float] = {}
        self.labels: dict[str, str] = {}
        self._before: dict[tuple[int, float], float] = {}
        self._at = 0.0

    def take(self) -> None:
        """Look at every process; takes some milliseconds for a hundred of them."""
        now = time.monotonic()
        seconds, self._at = now - self._at, now
        before, self._before = self._before, {}
        cpu: list[tuple[float, str]] = []
        memory: list[tuple[float, str]] = []
        for process in psutil.process_iter(["pid", "name", "cpu_times", "memory_info"]):
            info = process.info
            if info["cpu_times"] is None or info["memory_info"] is None:
                continue  # it may not be looked at, or is gone
            used = info["cpu_times"].user + info["cpu_times"].system
            who = (info["pid"], process.create_time())
            self._before[who] = used
            if who in before:
                cpu.append((100.0 * (used - before[who]) / seconds, info["name"]))
            memory.append((float(info["memory_info"].rss), info["name"]))
        self.metrics, self.labels = {}, {}
        self._note("top_cpu", cpu)
        self._note("top_memory", memory)

    def _note(self, name: str, found: Iterable[tuple[float, str]]) -> None:
        top = sorted(found, reverse=True)[:TOP]
        for rank, (value, _) in enumerate(top, 1):
            self.metrics[f"{name}_{rank}"] = round(value, 1)
        if top:
            self.labels[name] = ", ".join(process for _, process in top)[:200]
