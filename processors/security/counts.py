"""Rules on events: the times of the latest of them, as many as a rule counts, for each agent.

A rule's agents lie in the order in which they were last counted, so that forgetting who is quiet
looks at no one else.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from processors.security.rules import Rules

_NEVER = float("inf")


class Counted(NamedTuple):
    """A threat of an agent that opens, or ends, by its rule."""

    slot: int
    rule: int
    times: int
    since: float
    opens: bool


class Counts:
    """What was counted in one partition: by rule and agent."""

    def __init__(self) -> None:
        self._times: dict[int, dict[int, list[float]]] = {}
        self._open: dict[tuple[int, int], float] = {}
        """Since when an open threat's condition does not hold; infinite while it does."""

    def note(self, rules: Rules, slot: int, found: list[int], now: float) -> list[Counted]:
        """Count an event of an agent for the rules `found`; return the threats that open."""
        opened = []
        for rule in found:
            of_rule = self._times.setdefault(rule, {})
            times = of_rule[slot] = [*of_rule.pop(slot, ()), now][-rules.rules[rule].count :]
            if not self._met(rules, rule, slot, now):
                continue
            if (rule, slot) not in self._open:
                opened.append(Counted(slot, rule, len(times), times[0], opens=True))
            self._open[rule, slot] = _NEVER
        return opened

    def tick(self, rules: Rules, now: float) -> list[Counted]:
        """Forget what left its window; return the threats that end, by agent and rule."""
        for rule, of_rule in self._times.items():
            for slot in list(self._expired(of_rule, now - rules.rules[rule].window_s)):
                del of_rule[slot]
        over = [key for key in self._open if not self._met(rules, *key, now)]
        ended = []
        for rule, slot in over:
            since = self._open[rule, slot] = min(self._open[rule, slot], now)
            if now - since >= rules.rules[rule].clear_s:
                del self._open[rule, slot]
                ended.append(Counted(slot, rule, 0, since, opens=False))
        return sorted(ended)

    def _met(self, rules: Rules, rule: int, slot: int, now: float) -> bool:
        times = self._times.get(rule, {}).get(slot, [])
        if len(times) < rules.rules[rule].count:
            return False
        return now - times[0] <= rules.rules[rule].window_s

    @staticmethod
    def _expired(of_rule: dict[int, list[float]], before: float) -> Any:
        for slot, times in of_rule.items():
            if times[-1] >= before:
                return
            yield slot

    def forget(self, slot: int) -> None:
        """Forget an agent."""
        for of_rule in self._times.values():
            of_rule.pop(slot, None)
        for rule in [rule for rule, each in self._open if each == slot]:
            del self._open[rule, slot]

    def move(self, to: list[int]) -> list[tuple[int, int]]:
        """Give the rules their new numbers, and forget what a rule that is gone (-1) counted.

        Returns
        -------
        list of (rule, slot)
            The open threats of rules that are gone, by the number that these had.
        """
        gone = sorted(key for key in self._open if to[key[0]] < 0)
        times = {to[rule]: of_rule for rule, of_rule in self._times.items() if to[rule] >= 0}
        self._times = dict(sorted(times.items()))
        self._open = {(to[r], slot): at for (r, slot), at in self._open.items() if to[r] >= 0}
        return gone

    def dump(self) -> tuple[Any, Any]:
        """Return what `load` takes."""
        times = [(r, list(self._times[r].items())) for r in sorted(self._times) if self._times[r]]
        return times, [(*key, at) for key, at in sorted(self._open.items())]

    def load(self, dumped: tuple[Any, Any]) -> None:
        """Take over what `dump` returned."""
        times, opened = dumped
        self._times = {r: {slot: list(each) for slot, each in of_rule} for r, of_rule in times}
        self._open = {(rule, slot): at for rule, slot, at in opened}
