"""Findings of a whole window: raised and ended series by series, and health weighed once."""

from __future__ import annotations

from typing import Final

import numpy as np

from processors.columns import Ints
from processors.step import Emission
from processors.surveillance.findings import (
    Evidence,
    assess,
    change_finding,
    end_finding,
    raise_finding,
)
from processors.surveillance.state import OpenFinding, SurveillanceState

_UNITS: Final = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))


class Telling:
    """What a window says of single series; `told` marks which findings of a series are open.

    Parameters
    ----------
    state : SurveillanceState
        Of the partition.
    offset : int
        The record that closes the window.
    """

    def __init__(self, state: SurveillanceState, offset: int) -> None:
        self.state, self._offset = state, offset
        self._emissions: list[Emission] = []
        self._touched: set[int] = set()

    def names(self, row: int) -> tuple[str, str]:
        """Return the metric of a series, and the key of its agent."""
        c = self.state.series
        return self.state.metric_names[c.metric[row]], self.state.profile(int(c.slot[row])).key

    def raises_of_agent(self, slot: int, channel: str, why: Evidence) -> None:
        """Raise a finding of an agent as a whole."""
        self._raise(slot, channel, why)

    def ends_of_agent(self, slot: int, channel: str, reason: str) -> None:
        """End the finding of an agent as a whole."""
        self._end(slot, f"{channel}/", reason)

    def raises(self, row: int, mark: int, channel: str, why: Evidence) -> None:
        """Raise a finding of a series."""
        c = self.state.series
        c.told[row] |= mark
        self._raise(int(c.slot[row]), channel, why)

    def ends(self, rows: Ints, mark: int, channel: str, reason: str) -> None:
        """End the findings of `rows`."""
        c = self.state.series
        for row in rows.tolist():
            c.told[row] &= ~mark & 0xFF
            self._end(int(c.slot[row]), f"{channel}/{self.names(row)[0]}", reason)

    def worsens(self, row: int, channel: str, why: Evidence) -> None:
        """Give the open finding of a series another severity, if it has not got it."""
        slot, name = int(self.state.series.slot[row]), f"{channel}/{why.metric}"
        if self.state.findings[slot][name].severity != why.severity:
            at = self.state.time
            changed = change_finding(self.state, self._offset, slot, channel, why, at)
            self._emissions.append(changed)
            self._touched.add(slot)

    def old(self, rows: Ints, channel: str) -> Ints:
        """Return those of `rows` whose open finding has lasted until it counts as normal."""
        limit = self.state.time - self.state.policy.surveillance.detector.accept_after_s
        kept = [row for row in rows.tolist() if self._since(row, channel) <= limit]
        return np.array(kept, dtype=np.int64)

    def opened(self, channel: str) -> list[tuple[int, str, OpenFinding]]:
        """Return the slots whose anomaly is open, each with the name and the finding."""
        prefix = f"{channel}/"
        alarms = np.flatnonzero(
            np.isfinite(self.state.agents.alarm_since[: self.state.agents.size])
        )
        return [
            (slot, name, finding)
            for slot in alarms.tolist()
            for name, finding in sorted(self.state.findings.get(slot, {}).items())
            if name.startswith(prefix)
        ]

    def replaces(self, slot: int, name: str, channel: str, why: Evidence) -> None:
        """End the finding called `name` in favour of another."""
        self._end(slot, name, "superseded")
        self._raise(slot, channel, why)

    def assessed(self) -> list[Emission]:
        """Return all that was told, and the health that follows."""
        state, at = self.state, self.state.time
        health = [
            e for slot in sorted(self._touched) for e in assess(state, self._offset, slot, at)
        ]
        return self._emissions + health

    def _raise(self, slot: int, channel: str, why: Evidence) -> None:
        at = self.state.time
        self._emissions.append(raise_finding(self.state, self._offset, slot, channel, why, at))
        self._touched.add(slot)

    def _end(self, slot: int, name: str, reason: str) -> None:
        at = self.state.time
        self._emissions += end_finding(self.state, self._offset, slot, name, reason, at)
        self._touched.add(slot)

    def _since(self, row: int, channel: str) -> float:
        slot = int(self.state.series.slot[row])
        name = f"{channel}/{self.names(row)[0]}"
        return self.state.findings[slot][name].since


def span(seconds: float) -> str:
    """Return a length of time for people, to two digits.

    Examples
    --------
    >>> span(5400.0)
    '1.5 h'
    """
    for unit, name in _UNITS:
        if seconds >= unit:
            return (
                f"{seconds / unit:.2g} {name}"
                if seconds < 10 * unit
                else f"{seconds / unit:.0f} {name}"
            )
    return f"{seconds:.0f} s"
