"""What the view shows, as plain values; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from streams.contracts.events.finding import severity_rank

FLEET: Final = "fleet"
FINDINGS: Final = "findings"
ACTIONS: Final = "actions"
PARTS: Final = "parts"
INCIDENTS: Final = "incidents"
EVERYTHING: Final = frozenset({FLEET, FINDINGS, INCIDENTS, ACTIONS, PARTS})

_CONCERNS: Final = {
    "agent": frozenset({FLEET}),
    "finding": frozenset({FINDINGS}),
    "incident": frozenset({INCIDENTS}),
    "action": frozenset({ACTIONS}),
}
_LEVELS: Final = ("failing", "degraded", "healthy")
_WORSE: Final = {"down": 0, "degraded": 1, "starting": 2, "unknown": 2, "ok": 4}


def stale_after(event_type: str) -> frozenset[str]:
    """Return which parts of the view an event may have changed.

    Examples
    --------
    >>> sorted(stale_after("action.finished"))
    ['actions']
    """
    return _CONCERNS.get(event_type.partition(".")[0], frozenset())


class Line(NamedTuple):
    """Text with the name of what it tells: a status, a level, a severity."""

    text: str
    looks: str


def fleet_lines(fleet: Mapping[str, Any]) -> list[Line]:
    """Return a line for each status: how many agents, and of which health; the unwell first.

    Examples
    --------
    >>> columns = {"status": ["active"] * 3, "health": ["healthy", "healthy", "failing"]}
    >>> [line.text for line in fleet_lines(columns)]
    ['active         3  1 failing, 2 healthy']
    """
    pairs = Counter(zip(fleet["status"], fleet["health"], strict=True))
    found = []
    for status in sorted({status for status, _ in pairs}):
        levels = {level: n for (other, level), n in pairs.items() if other == status}
        worst = next((level for level in _LEVELS if levels.get(level)), status)
        known = [level for level in _LEVELS if level in levels]
        rest = sorted(level for level in levels if level not in _LEVELS)
        told = ", ".join(f"{levels[level]:,} {level or 'not judged'}" for level in [*known, *rest])
        found.append(Line(f"{status:<12}{sum(levels.values()):>4,}  {told}", worst))
    order = {level: number for number, level in enumerate(_LEVELS)}
    return sorted(found, key=lambda line: order.get(line.looks, len(order)))


def part_lines(health: Mapping[str, Any]) -> list[Line]:
    """Return a line for each part of the installation, the unwell first, then the ones behind."""
    parts = health["components"].items()

    def urgency(item: tuple[str, Any]) -> tuple[int, float]:
        _, part = item
        return _WORSE.get(part["status"], 3), -part["figures"].get("lag_records", -1.0)

    return [
        Line(f"{name:<12}{part['status']:<10}{_lag(part)}", part["status"])
        for name, part in sorted(parts, key=urgency)
    ]


def _lag(part: Mapping[str, Any]) -> str:
    behind = part["figures"].get("lag_records")
    told = [] if behind is None else [f"{behind:,.0f} behind"]
    return " ".join([*told, *([part["detail"]] if part["detail"] else [])])


def by_severity(findings: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return findings, the worst first, then the newest."""
    newest = sorted(findings, key=lambda f: str(f["raised_at"]), reverse=True)
    return sorted(newest, key=lambda f: severity_rank(f["severity"]))


def asking(findings: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the findings that no silence withholds.

    Examples
    --------
    >>> asking([{"silence_id": "s"}, {"silence_id": ""}])
    [{'silence_id': ''}]
    """
    return [finding for finding in findings if not finding["silence_id"]]


def incidents_told(incidents: Sequence[Mapping[str, Any]]) -> str:
    """Return how many incidents ask for somebody, the worst of them, and how many are silenced.

    Examples
    --------
    >>> one = {"severity": "high", "opened_at": "", "title": "disk_full of db", "withheld": False}
    >>> incidents_told([one, one | {"withheld": True}])
    'Active incidents: 1, disk_full of db; silenced: 1'
    """
    loud = [incident for incident in incidents if not incident["withheld"]]
    silenced = len(incidents) - len(loud)
    newest = sorted(loud, key=lambda i: str(i["opened_at"]), reverse=True)
    worst = min(newest, key=lambda i: severity_rank(i["severity"]), default=None)
    told = "none" if worst is None else f"{len(newest)}, {worst['title']}"
    return f"Active incidents: {told}" + (f"; silenced: {silenced}" if silenced else "")


def event_line(event: Mapping[str, Any]) -> str:
    """Return an event on a line: when, what, about whom, and in words."""
    data = event["data"]
    told = data.get("summary") or data.get("detail") or data.get("reason") or ""
    subject = event["subject"].partition("/")[2]
    return f"{time_of(event['time'])}  {event['type']:<24} {subject:<16} {told}"


def time_of(moment: str | None) -> str:
    """Return the time of day of a moment of the API.

    Examples
    --------
    >>> time_of("2026-11-21T03:14:15.926535Z")
    '03:14:15'
    """
    return "-" if moment is None else moment[11:19]
