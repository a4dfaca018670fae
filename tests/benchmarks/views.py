"""Large views, written into the tables themselves: for measuring what reads them.

Every kind of row comes in many kinds and in few of some, as in a fleet that has run for a while.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, product
from typing import Any, Final

import msgspec
import numpy as np
from sqlalchemy import JSON, Boolean, Connection, Engine, String, Table, Text, func, select, text

from projections import models
from projections.database import open_database, writing
from projections.migrations import prepare
from projections.models.history import OPEN
from projections.windows.columns import encoded
from projections.windows.sections import AGENTS as IN_A_BLOCK
from projections.windows.sections import HIGH, LOW

AGENTS: Final = 100_000
EVENTS: Final = 1_000_000
BEGUN: Final = 1_790_000_000.0
_CHUNK: Final = 10_000
_TYPES: Final = ("service",) * 6 + ("container",) * 3 + ("host",)
_KINDS: Final = ("threshold", "anomaly", "drift", "service_down", "silence")
_SEVERITIES: Final = ("critical", "warning", "info")
_EVENTS: Final = ("finding.raised", "finding.ended", "agent.health_changed", "action.finished")
Row = dict[str, Any]


def _agent(n: int) -> Row:
    level = "failing" if n % 50 == 0 else "degraded" if n % 50 == 1 else "healthy"
    slow = n % 1000 == 0
    return {
        "tenant_id": "default",
        "agent_id": f"agent-{n:06d}",
        "type": "database" if n % 997 == 0 else _TYPES[n % 10],
        "status": "retired" if n % 333 == 0 else "active",
        "status_since": BEGUN,
        "labels": {"host": f"h-{n // 20}", "team": f"team-{n % 40}"}
        | ({"owner": "qz"} if n > AGENTS - 40 else {}),
        "health_level": level,
        "health_score": 100.0 if level == "healthy" else 40.0,
        "performance_level": ("critical" if slow else "good") if n % 2 == 0 else "",
        "performance_score": (10.0 if slow else 80.0) if n % 2 == 0 else None,
        "security_score": 40.0 if n % 500 == 0 else 100.0,
        "metrics": {"cpu_usage": 40.0, "memory_usage": 30.0},
        "last_seen": BEGUN + 9000,
        "registered_at": BEGUN,
        "updated_at": BEGUN + n % 3600,
    }


def _finding(n: int) -> Row:
    over = n % 50 != 0
    return {
        "finding_id": f"finding-{n:06d}",
        "tenant_id": "default",
        "agent_id": f"agent-{n * 7 % AGENTS:06d}",
        "agent_type": "service",
        "kind": "rare" if n == 77 else _KINDS[n % 5],
        "severity": _SEVERITIES[n % 3],
        "metric": "cpu_usage",
        "drivers": [],
        "severities": [[BEGUN, "critical"]],
        "raised_at": BEGUN + n / AGENTS * 9000,
        "ended_at": BEGUN + n / AGENTS * 9000 + 60 if over else None,
        "updated_at": BEGUN + n / AGENTS * 9000,
    }


def _action(n: int) -> Row:
    return {
        "action_id": f"action-{n:06d}",
        "tenant_id": "default",
        "agent_id": f"agent-{n * 7 % AGENTS:06d}",
        "action": "rare" if n == 77 else ("service.restart", "service.scale")[n % 2],
        "state": "awaiting" if n % 5000 == 0 else "finished",
        "finding_id": f"finding-{n:06d}",
        "candidates": [],
        "depends_on": [],
        "approvals": [],
        "outcome": "" if n % 5000 == 0 else "succeeded",
        "created_at": BEGUN + n / AGENTS * 9000,
        "updated_at": BEGUN + n / AGENTS * 9000,
    }


def _incident(n: int) -> Row:
    closed = n % 200 != 0
    agent = f"agent-{n * 7 % AGENTS:06d}"
    return {
        "incident_id": f"incident-{n:06d}",
        "tenant_id": "default",
        "title": f"{agent} is down",
        "severity": _SEVERITIES[n % 3],
        "status": "closed" if closed else "open",
        "since": BEGUN + n,
        "opened_at": BEGUN + n,
        "closed_at": BEGUN + n + 60 if closed else None,
        "candidates": [],
        "members": [],
        "merged": [],
        "updated_at": BEGUN + n,
    }


def _event(n: int) -> Row:
    return {
        "seq": n,
        "id": f"event-{n:07d}",
        "type": "rare.type" if n % 250_000 == 7 else _EVENTS[n % 4],
        "source": "/steps/surveillance/0",
        "subject": f"default/agent-{n % AGENTS:06d}",
        "tenant_id": "default",
        "time": BEGUN + n / EVENTS * 9000,
        "data": {"kind": "service_down", "metric": "up", "summary": "it is down", "reason": ""},
        "correlation_id": f"finding-{n // 10:06d}",
        "topic": "fleet",
        "offset": n,
    }


def _audit(n: int) -> Row:
    return {
        "event_id": f"audit-{n:06d}",
        "tenant_id": "default",
        "at": BEGUN + n / 10,
        "actor": ("admin", "page")[n % 2],
        "action": "rare" if n == 77 else "http.GET",
        "outcome": "refused" if n % 1000 == 0 else "done",
        "level": "notice" if n % 1000 == 0 else "info",
    }


def _letter(n: int) -> Row:
    return {
        "event_id": f"letter-{n:06d}",
        "kind": "rare" if n == 77 else "dead_letter",
        "reason": "rare" if n == 77 else "malformed",
        "headers": [],
        "at": BEGUN + n,
    }


def _conversation(n: int) -> Row:
    return {
        "tenant_id": "default",
        "agent_id": f"agent-{n % 100 + AGENTS // 2:06d}",
        "conversation_id": f"talk-{n:06d}",
        "began_at": BEGUN + n / 100,
        "last_at": BEGUN + n / 100,
        "evidence": [],
        "leaking": n % 10_000 == 0,
        "updated_at": BEGUN,
    }


def _number(n: int) -> Row:
    return {"tenant_id": "default", "agent_id": f"agent-{n:06d}", "number": n}


def _windows(agents: int) -> Iterator[Row]:
    """Give three windows of all agents, forty measured in each."""
    edges = np.arange(0, agents, IN_A_BLOCK)
    columns = np.full((HIGH + 1, agents), 40.0)
    columns[LOW:] = np.nan
    sections = encoded(np.arange(agents) % IN_A_BLOCK, columns, edges)
    for n, (block, section) in product(range(3), enumerate(sections)):
        yield {
            "tenant_id": "default",
            "block": block,
            "start": BEGUN + 60 * n,
            "width_s": 60.0,
            "windows": msgspec.msgpack.encode({"cpu_usage": section}),
        }


def _twice(rows: Iterable[Row]) -> Iterator[Row]:
    """Give each row as it was for an hour, and as it has been since."""
    for row in rows:
        yield row | {"valid_from": row["updated_at"], "valid_to": row["updated_at"] + 3600}
        yield row | {"valid_from": row["updated_at"] + 3600, "valid_to": OPEN}


def _member(n: int) -> Row:
    agent = f"agent-{n * 7 % AGENTS:06d}"
    own = {"incident_id": f"incident-{n:06d}", "agent_id": agent}
    return own | {"tenant_id": "default", "joined_at": BEGUN + n}


def tables(agents: int) -> Iterator[tuple[Table, Iterator[Row]]]:
    """Give each table with its rows."""
    yield models.agents, map(_agent, range(agents))
    yield models.agent_history, _twice(map(_agent, range(agents)))
    yield models.findings, map(_finding, range(agents))
    yield models.finding_history, _twice(map(_finding, range(agents)))
    yield models.actions, map(_action, range(agents))
    yield models.action_history, _twice(map(_action, range(agents)))
    yield models.incidents, map(_incident, range(agents // 10))
    yield models.incident_history, _twice(map(_incident, range(agents // 10)))
    yield models.incident_agents, map(_member, range(agents // 10))
    yield models.audit, map(_audit, range(agents))
    yield models.dead_letters, map(_letter, range(agents // 5))
    yield models.conversations, map(_conversation, range(agents))
    yield models.agent_numbers, map(_number, range(agents))
    yield models.window_blocks, _windows(agents)
    yield models.events, map(_event, range(1, agents * EVENTS // AGENTS + 1))


def fill(url: str, agents: int = AGENTS) -> None:
    """Make the views of so many agents in the database, where it does not hold them yet."""
    engine = open_database(url)
    prepare(engine)
    with engine.connect() as connection:
        known = connection.scalar(select(func.count()).select_from(models.agents))
    if known != agents:
        for table, rows in tables(agents):
            _write(engine, table, rows)
        _know(engine)
    engine.dispose()


def _know(engine: Engine) -> None:
    """Let PostgreSQL count what there is, as it does by itself after a while."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _write(engine: Engine, table: Table, rows: Iterator[Row]) -> None:
    names = [column.name for column in table.c]
    blank = {column.name: _blank(column) for column in table.c}
    documents = [name for name in names if isinstance(table.c[name].type, JSON)]
    while chunk := list(islice(rows, _CHUNK)):
        for row in chunk:
            row.update({name: blank[name] for name in names if name not in row})
            row.update({name: msgspec.json.encode(row[name]).decode() for name in documents})
        with writing(engine) as connection:
            _put(connection, table, names, [[row[name] for name in names] for row in chunk])


def _put(connection: Connection, table: Table, names: list[str], rows: list[list[Any]]) -> None:
    """Write rows by the driver's own means: they are many."""
    columns = ", ".join(f'"{name}"' for name in names)
    cursor: Any = connection.connection.cursor()
    if connection.dialect.name == "postgresql":
        with cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        places = ", ".join("?" * len(names))
        cursor.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({places})", rows)


def _blank(column: Any) -> Any:
    if isinstance(column.type, JSON):
        return {}
    if isinstance(column.type, Boolean):
        return False
    if column.nullable:
        return None
    return "" if isinstance(column.type, String | Text) else 0
