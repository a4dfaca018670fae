"""Which findings a silence is about."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from streams.contracts.events.finding import FindingRaised
from streams.contracts.events.silence import LABEL, Matcher
from streams.contracts.labels import host_of


def matches(matchers: Sequence[Matcher], key: str, finding: FindingRaised) -> bool:
    """Say whether all of `matchers` hold for a finding of the agent `key` (``tenant/agent``).

    Examples
    --------
    >>> down = FindingRaised("f", "service_down", "critical", "up", 0.0, 1.0, None, 0.0, "", 1)
    >>> matches([Matcher("agent", "web-*"), Matcher("kind", "anomaly|service_*")], "t/web-1", down)
    True
    >>> matches([Matcher("severity", "critical", negated=True)], "t/web-1", down)
    False
    """
    return all(holds(matcher, value_of(matcher.name, key, finding)) for matcher in matchers)


def holds(matcher: Matcher, value: str) -> bool:
    """Say whether one condition holds for a value."""
    return any(fnmatchcase(value, _plain(p)) for p in matcher.value.split("|")) != matcher.negated


def value_of(name: str, key: str, finding: FindingRaised) -> str:
    """Return what a matcher called `name` looks at; empty where there is no such thing."""
    if name.startswith(LABEL):
        return finding.labels.get(name.removeprefix(LABEL), "")
    match name:
        case "agent":
            return key.partition("/")[2]
        case "type":
            return finding.agent_type
        case "host":
            return host_of(key, finding.agent_type, finding.labels)
        case "group":
            return finding.labels.get("group", "")
        case "kind" | "metric" | "severity" | "rule":
            value: str = getattr(finding, name)
            return value
        case _:
            return ""


def about_everything(matchers: Sequence[Matcher]) -> bool:
    """Say whether no condition leaves anything out.

    Examples
    --------
    >>> about_everything([Matcher("agent", "*")]), about_everything([Matcher("agent", "?*")])
    (True, False)
    """
    anything = (not m.negated and any(_is_any(p) for p in m.value.split("|")) for m in matchers)
    return all(anything)


def _is_any(pattern: str) -> bool:
    return bool(pattern) and not pattern.strip("*")


def _plain(pattern: str) -> str:
    """Take brackets as they are: `*` and `?` are all that stands for something else."""
    return pattern.replace("[", "[[]")
