"""Threat rules as data: what an agent must not do, and what it costs when it does."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from config.quantities import Points, PolicyPart, Seconds

NAME: Final = r"^[a-z][a-z0-9_.-]{0,63}$"
MOST_RULES: Final = 100
MOST_COUNTED: Final = 1000
_BOUND: Final = 1e150

Limit = Annotated[float, msgspec.Meta(ge=-_BOUND, le=_BOUND)]
_WINDOWED: Final = frozenset({"mean", "sum", "increase", "rate", "deviation"})


class ThreatRule(PolicyPart, frozen=True, kw_only=True):
    """One rule: a condition on a metric, or on what happens to an agent.

    Windows go by the step's time, which no sender sets. A window of a metric is kept in ten
    parts and slides by one part, so it holds between nine tenths and all of `window_s`; windows of
    events, and `value`, are exact.

    Parameters
    ----------
    name : str
        Small letters, digits and ``_.-``; unique.
    metric : str or None
        The metric that it judges, or a shell pattern of such names.
    aggregate : str
        What of the metric is compared: its ``value``; over the window its ``mean``, its ``sum``
        (each value is an amount since the heartbeat before), its ``increase`` (the value counts
        up; a fall is a restart from zero) or its ``rate``, the increase per second; or its
        ``deviation``, the distance from the window's mean in standard deviations of the window,
        once that holds thirty values that differ.
    above, below : float or None
        The limit, of which a metric's rule has one. Met strictly beyond it.
    event : str or None
        What is counted: ``status_changed``, ``finding`` (raised), ``transition_refused``, or
        ``dead_letter`` (by its record's key, which its sender chose).
    kinds : list of str
        Only these: statuses entered, kinds of finding, reasons. Empty means any.
    window_s : float
        The window; for ``value`` how long the condition must have held.
    count : int
        Events within the window, or values in a row that meet the condition.
    clear_s : float
        How long the condition must not be met before the threat ends.
    severity : str
        Of the finding that it raises.
    points : float
        What it takes from the agent's security score, once for each threat.
    category : str
        For people and for grouping.
    action : str
        What to do about it: a hint for people.
    agent_types : list of str
        Where it applies; empty means everywhere.
    """

    name: Annotated[str, msgspec.Meta(pattern=NAME)]
    metric: Annotated[str, msgspec.Meta(min_length=1, max_length=128)] | None = None
    aggregate: Literal["value", "mean", "sum", "increase", "rate", "deviation"] = "value"
    above: Limit | None = None
    below: Limit | None = None
    event: Literal["status_changed", "finding", "transition_refused", "dead_letter"] | None = None
    kinds: list[str] = []
    window_s: Seconds = 0.0
    count: Annotated[int, msgspec.Meta(ge=1, le=MOST_COUNTED)] = 1
    clear_s: Seconds = 300.0
    severity: Literal["info", "warning", "high", "critical", "emergency"] = "high"
    points: Points = 20.0
    category: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] = "SECURITY"
    action: Annotated[str, msgspec.Meta(max_length=200)] = ""
    agent_types: list[str] = []

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if (self.metric is None) == (self.event is None):
            self._refuse("metric", self.metric, "name a metric or an event, and not both")
        if self.event is not None:
            self._check_event()
        else:
            self._check_metric()

    def _check_event(self) -> None:
        if self.above is not None or self.below is not None:
            limit = self.above if self.above is not None else self.below
            self._refuse("above", limit, "events are counted: give count and window_s")
        if self.aggregate != "value":
            self._refuse("aggregate", self.aggregate, "leave it out: events are counted")
        if self.window_s <= 0.0:
            self._refuse("window_s", self.window_s, "give the seconds that events count for")
        if self.event == "finding" and "threat" in self.kinds:
            self._refuse("kinds", "threat", "name other kinds: a rule does not feed on rules")

    def _check_metric(self) -> None:
        if (self.above is None) == (self.below is None):
            self._refuse("above", self.above, "give one limit, above or below")
        if self.kinds:
            self._refuse("kinds", self.kinds, "leave it out: only events have kinds")
        if self.aggregate in _WINDOWED and self.window_s <= 0.0:
            self._refuse("window_s", self.window_s, f"give the seconds of the {self.aggregate}")
        if self.aggregate == "deviation" and self.above is None:
            self._refuse("below", self.below, "give above, in standard deviations")

    def _refuse(self, field: str, value: object, remedy: str) -> None:
        raise ValueError(f"threat {self.name}: {field} is {value!r}; {remedy}")


class SecurityPolicy(PolicyPart, frozen=True, kw_only=True):
    """How trust in an agent is lost and won.

    Parameters
    ----------
    recovery_per_hour : float
        Points that a score gains in an hour in which nothing is open, up to 100.
    quarantine_at : float
        An agent that a threat takes to this score or below is quarantined.
    quarantine : bool
        Whether it is; otherwise it is only told.
    """

    recovery_per_hour: Annotated[float, msgspec.Meta(ge=0.0, le=1e6)] = 10.0
    quarantine_at: Points = 20.0
    quarantine: bool = True


def check_rules(rules: list[ThreatRule]) -> None:
    """Raise ValueError where there are too many rules, or two have one name."""
    if len(rules) > MOST_RULES:
        raise ValueError(f"threats: there are {len(rules)}; give at most {MOST_RULES}")
    seen: set[str] = set()
    for rule in rules:
        if rule.name in seen:
            raise ValueError(f"threats: name is {rule.name!r} twice; give each rule its own")
        seen.add(rule.name)
