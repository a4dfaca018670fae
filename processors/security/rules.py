"""The policy's threat rules, by columns and by what they look at."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

import numpy as np

from config.threats import ThreatRule

KINDS: Final = ("value", "mean", "sum", "increase", "rate", "deviation")
VALUE, MEAN, SUM, INCREASE, RATE, DEVIATION = range(len(KINDS))
_KEPT: Final = 10_000


class Rules:
    """Threat rules; `sign` turns "below" into "above", an event's rule has no limit."""

    def __init__(self, rules: Sequence[ThreatRule]) -> None:
        self.rules = list(rules)
        self.kind = np.array([KINDS.index(r.aggregate) for r in rules], dtype=np.int64)
        self.sign = np.array([1.0 if r.below is None else -1.0 for r in rules])
        self.limit = np.array([_limit(r) for r in rules], dtype=np.float64) * self.sign
        self.window = np.array([r.window_s for r in rules], dtype=np.float64)
        self.clear = np.array([r.clear_s for r in rules], dtype=np.float64)
        self.count = np.array([r.count for r in rules], dtype=np.int64)
        self._metric = [(i, r) for i, r in enumerate(rules) if r.metric is not None]
        self._event = [(i, r) for i, r in enumerate(rules) if r.event is not None]
        self.events = frozenset(r.event for _, r in self._event)
        """What happens to agents that any rule counts."""
        self._found: dict[tuple[str, str], tuple[int, ...]] = {}

    def of_metric(self, metric: str, agent_type: str) -> tuple[int, ...]:
        """Return the rules that judge a metric of such an agent; a cache is kept of them."""
        found = self._found.get((metric, agent_type))
        if found is None:
            if len(self._found) >= _KEPT:
                self._found.clear()
            found = self._found[metric, agent_type] = tuple(
                i
                for i, rule in self._metric
                if fnmatchcase(metric, rule.metric or "") and _applies(rule, agent_type)
            )
        return found

    def of_event(self, event: str, kind: str, agent_type: str) -> list[int]:
        """Return the rules that count an event of this kind of such an agent."""
        return [
            i
            for i, rule in self._event
            if rule.event == event
            and (not rule.kinds or kind in rule.kinds)
            and _applies(rule, agent_type)
        ]

    def moved_to(self, others: Rules) -> list[int]:
        """Return where each rule is found, unchanged, among `others`; -1 where it is not."""
        return [others.rules.index(r) if r in others.rules else -1 for r in self.rules]


def _limit(rule: ThreatRule) -> float:
    if rule.above is not None:
        return rule.above
    return np.inf if rule.below is None else rule.below


def _applies(rule: ThreatRule, agent_type: str) -> bool:
    return not rule.agent_types or agent_type in rule.agent_types
