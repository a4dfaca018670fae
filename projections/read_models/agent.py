"""Agents: what they are, and the intervals in which they were something else."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Table

from projections.models import agents, status_history
from projections.read_models.typed import data_as
from projections.rows import Key, Row, Rows, Seen
from streams.contracts.events.agent import (
    AgentHealthChanged,
    AgentLabelled,
    AgentRegistered,
    AgentSecurityChanged,
    AgentStatusChanged,
    RegistrationDecided,
)
from streams.contracts.events.performance import AgentPerformanceChanged

_ASPECTS: Final = ("status", "health")


def registered(rows: Rows, seen: Seen) -> None:
    """Enter an agent; registering again changes what it is, not what became of it."""
    data = data_as(seen, AgentRegistered)
    row = _row(rows, seen)
    row |= {"type": data.agent_type, "labels": data.labels, "provisional": data.provisional}
    row["metrics"] = {**data.metrics, **row["metrics"]}
    row["last_seen"] = max(row["last_seen"] or seen.at, seen.at)
    if not row["status"]:
        _begin(rows, row, seen, "status", "registered", None, "first_seen")
    rows.put(agents, row)


def status_changed(rows: Rows, seen: Seen) -> None:
    """End the open interval and begin the next."""
    data = data_as(seen, AgentStatusChanged)
    row = _row(rows, seen)
    _begin(rows, row, seen, "status", data.status, None, data.reason)
    rows.put(agents, row)


def health_changed(rows: Rows, seen: Seen) -> None:
    """Note the level and the score, and from when on they hold."""
    data = data_as(seen, AgentHealthChanged)
    row = _row(rows, seen)
    _begin(rows, row, seen, "health", data.level, data.score, ", ".join(data.reasons))
    row |= {
        "health_score": data.score,
        "consecutive_failures": data.consecutive_failures,
        "health_since": data.since,
        "health_reasons": data.reasons,
    }
    rows.put(agents, row)


def performance_changed(rows: Rows, seen: Seen) -> None:
    """Note how well it works, with everything that the score is made of."""
    data = data_as(seen, AgentPerformanceChanged)
    row = _row(rows, seen)
    row |= {
        "performance_level": data.level,
        "performance_score": data.score,
        "performance": {**msgspec.to_builtins(data), "since": seen.at},
    }
    rows.put(agents, row)


def security_changed(rows: Rows, seen: Seen) -> None:
    """Note the security score, and what it was lost by."""
    data = data_as(seen, AgentSecurityChanged)
    row = _row(rows, seen)
    row |= {
        "security_score": data.score,
        "security_level": data.level,
        "security_issues": msgspec.to_builtins(data.issues),
    }
    rows.put(agents, row)


def labelled(rows: Rows, seen: Seen) -> None:
    """Note type and labels."""
    data = data_as(seen, AgentLabelled)
    row = _row(rows, seen)
    row |= {"type": data.agent_type, "labels": data.labels}
    rows.put(agents, row)


def registration_decided(rows: Rows, seen: Seen) -> None:
    """Note that a granted agent is provisional no longer, and that of a refused one no more comes.

    Surveillance forgets it, so nobody else would ever say that it is gone.
    """
    data = data_as(seen, RegistrationDecided)
    if rows.get(agents, *seen.agent) is None:
        return
    row = _row(rows, seen)
    row["provisional"] = not data.granted
    if not data.granted:
        _begin(rows, row, seen, "status", "decommissioned", None, data.reason)
    rows.put(agents, row)


FOLDS: Final = {
    "agent.registered": registered,
    "agent.status_changed": status_changed,
    "agent.health_changed": health_changed,
    "agent.performance_changed": performance_changed,
    "agent.security_changed": security_changed,
    "agent.labelled": labelled,
    "agent.registration_decided": registration_decided,
}


def touched(seen: Seen) -> tuple[Table, Key]:
    """Return the row that an event of `FOLDS` changes."""
    return agents, seen.agent


def open_intervals(rows: Rows, seen: Seen) -> list[Key]:
    """Return the keys of the intervals that the fold of `seen` may end, of a known agent."""
    if seen.event.type not in FOLDS or (row := rows.get(agents, *seen.agent)) is None:
        return []
    return [(event, aspect) for aspect in _ASPECTS if (event := row[f"{aspect}_event"])]


def _begin(
    rows: Rows, row: Row, seen: Seen, aspect: str, value: str, score: float | None, reason: str
) -> None:
    open_event = row[f"{aspect}_event"]
    if open_event and (interval := rows.get(status_history, open_event, aspect)):
        rows.put(status_history, interval | {"valid_to": seen.at})
    tenant, agent = seen.agent
    rows.put(
        status_history,
        {
            "event_id": seen.event.id,
            "aspect": aspect,
            "tenant_id": tenant,
            "agent_id": agent,
            "value": value,
            "score": score,
            "reason": reason,
            "valid_from": seen.at,
            "valid_to": None,
        },
    )
    row[f"{aspect}_event"] = seen.event.id
    if aspect == "status":
        row |= {"status": value, "status_since": seen.at, "status_reason": reason}
    else:
        row["health_level"] = value


def _row(rows: Rows, seen: Seen) -> Row:
    row = rows.get(agents, *seen.agent) or _blank(seen)
    row["updated_at"] = seen.at
    return row


def _blank(seen: Seen) -> Row:
    tenant, agent = seen.agent
    return {
        "tenant_id": tenant,
        "agent_id": agent,
        "type": "",
        "status": "",
        "status_since": None,
        "status_reason": "",
        "status_event": "",
        "provisional": True,
        "labels": {},
        "health_level": "unknown",
        "health_score": None,
        "consecutive_failures": 0,
        "health_since": None,
        "health_reasons": [],
        "health_event": "",
        "performance_level": "",
        "performance_score": None,
        "performance": {},
        "security_score": 100.0,
        "security_level": "secure",
        "security_issues": [],
        "metrics": {},
        "last_seen": None,
        "registered_at": seen.at,
        "updated_at": seen.at,
    }
