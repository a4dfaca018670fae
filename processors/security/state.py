"""All that is known of threats in one partition, and its part of a snapshot."""

from __future__ import annotations

from typing import Any

import msgspec

from config.policy import SurveillancePolicy
from processors.columns import Columns
from processors.security.counts import Counts
from processors.security.rules import Rules
from processors.security.score import Standing
from processors.security.watch import Watches

NEVER = float("inf")


Table = tuple[int, list[int], dict[str, bytes]]


class Dumped(msgspec.Struct, array_like=True):
    """The part of a snapshot."""

    watches: Table
    panes: Table
    spreads: Table
    counts: tuple[Any, Any]
    standings: list[tuple[int, Standing]]


class Security:
    """What the policy's rules watch, what they counted, and the standing of who lost points."""

    def __init__(self, policy: SurveillancePolicy) -> None:
        self.policy = policy.security
        self.rules = Rules(policy.threats)
        self.watches = Watches()
        self.counts = Counts()
        self.standings: dict[int, Standing] = {}
        self.news_from = NEVER
        """When the next score is news by time alone; a cache, not part of snapshots."""

    def standing(self, slot: int) -> Standing:
        """Return the standing of an agent."""
        return self.standings.setdefault(slot, Standing())

    def told(self, slot: int, at: float) -> Standing:
        """Note that an agent's score is told; who is made good is not kept."""
        standing = self.standings[slot]
        standing.tell(self.policy, at)
        if not standing.issues:
            del self.standings[slot]
        self.news_from = min(self.news_from, standing.news_at(self.policy))
        return standing

    def due(self, at: float) -> list[int]:
        """Return the agents whose score is news by time alone."""
        if at < self.news_from:
            return []
        news = {slot: each.news_at(self.policy) for slot, each in self.standings.items()}
        self.news_from = min((each for each in news.values() if each > at), default=NEVER)
        return sorted(slot for slot, each in news.items() if each <= at)

    def forget(self, slot: int) -> None:
        """Forget an agent; its series' watches are ended with these."""
        self.counts.forget(slot)
        self.standings.pop(slot, None)

    def dump(self) -> Dumped:
        """Return what `load` takes. Equal states, equal parts."""
        panes = self.watches.panes
        return Dumped(
            _table(self.watches.rows),
            _table(panes.rows),
            _table(panes.spreads),
            self.counts.dump(),
            sorted(self.standings.items()),
        )

    def load(self, dumped: Dumped) -> None:
        """Take over what `dump` returned."""
        self.watches.rows.load(*dumped.watches)
        self.watches.panes.rows.load(*dumped.panes)
        self.watches.panes.spreads.load(*dumped.spreads)
        self.counts.load(dumped.counts)
        self.standings = dict(dumped.standings)
        times = [each.news_at(self.policy) for each in self.standings.values()]
        self.news_from = min(times, default=NEVER)


def _table(columns: Columns) -> Table:
    return columns.size, columns.free, columns.dump()
