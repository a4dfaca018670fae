"""Refusals on record, without letting whoever is refused fill the log.

The first refusal of an actor at an address is written at once; those that follow within a window
are written as one record with their number when it ends.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Final

from api.audit.record import Entry
from api.audit.trail import Trail

WINDOW_S: Final = 10.0
MOST_NAMED: Final = 20
"""How many resources one record names."""


@dataclass(slots=True)
class _Window:
    first: Entry
    times: int = 0
    resources: dict[str, None] = field(default_factory=dict)


class Refusals:
    """Puts refusals on a trail, in windows of `window_s` seconds."""

    def __init__(self, trail: Trail, window_s: float = WINDOW_S) -> None:
        self._trail = trail
        self._window_s = window_s
        self._open: dict[tuple[str, str, str], _Window] = {}

    def note(self, entry: Entry, address: str) -> None:
        """Take note of one refusal."""
        who = entry.details.get("holder", entry.actor)
        key = (who, address, entry.details.get("status", ""))
        window = self._open.get(key)
        if window is None:
            self._trail.note(entry)
            self._open[key] = _Window(entry)
            asyncio.get_running_loop().call_later(self._window_s, self._end, key)
            return
        window.times += 1
        if len(window.resources) < MOST_NAMED:
            window.resources[f"{entry.action} {entry.resource}"] = None

    def close(self) -> None:
        """Write what was counted so far."""
        for key in list(self._open):
            self._end(key)

    def _end(self, key: tuple[str, str, str]) -> None:
        window = self._open.pop(key, None)
        if window is None or not window.times:
            return
        details = window.first.details | {
            "times": str(window.times),
            "resources": ", ".join(window.resources),
        }
        self._trail.note(replace(window.first, resource="several", details=details))
