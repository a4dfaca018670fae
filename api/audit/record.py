"""One record of the audit trail, sealed into its chain.

A chain belongs to one writer, which is one process from its start to its end: whoever starts anew
begins another, so that nothing has to be remembered over a crash, and a process that was taken
for dead cannot continue a chain that another has taken over. The first record of a chain names
the SHA-256 of the last record that was on the topic then, whoever wrote it; so chains hold each
other, and the end of one cannot be cut off without the next one showing it.

Source: B. Schneier and J. Kelsey, "Secure Audit Logs to Support Computer Forensics", ACM
Transactions on Information and System Security 2 (1999), for hash chains over log entries.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import msgspec

from streams.contracts.envelope import Event, derived_id, encode_event, rfc3339
from streams.contracts.events.access import AuditRecorded
from streams.contracts.events.registry import BY_DATA
from streams.contracts.record import Position
from streams.contracts.topics import AUDIT

KIND: Final = BY_DATA[AuditRecorded]
OPENED: Final = "audit.opened"
"""The action of a chain's first record."""
AFTER: Final = "after"
"""The detail of it that names the record before; empty where there was none."""
_LONGEST: Final = 300
"""Characters of a text, so that every store of it has room."""


class Outcome(Enum):
    """What became of it."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class Level(Enum):
    """How much it concerns whoever guards the installation."""

    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to put on record.

    Parameters
    ----------
    at : float
        Seconds since the epoch.
    actor, role : str
        Who, and as what; ``anonymous`` where nobody is known.
    tenant : str
        Whose administrators may read it; ``*`` leaves it to the installation's.
    action : str
        An event's type, or ``http.METHOD``.
    resource : str
        What it was done to: a key or a path.
    """

    at: float
    actor: str
    role: str
    tenant: str
    action: str
    resource: str
    outcome: Outcome
    level: Level
    details: dict[str, str] = field(default_factory=dict)


def sealed(entry: Entry, writer: str, number: int, previous: str) -> Event:
    """Return the event of `entry` as record `number` of `writer`, with its hash.

    Its position counts the chain, so that readers drop what is written twice.
    """
    position = Position(AUDIT.name, 0, number)
    data = AuditRecorded(
        writer,
        number,
        previous,
        _short(entry.actor),
        entry.role,
        entry.action,
        _short(entry.resource),
        entry.outcome.value,
        entry.level.value,
        {name: _short(value) for name, value in entry.details.items()},
    )
    open_event = Event(
        id=derived_id(f"audit/{writer}", position),
        source=f"/audit/{writer}",
        type=KIND.name,
        subject=f"{entry.tenant}/{_short(entry.actor)}",
        time=rfc3339(entry.at),
        tenant=entry.tenant,
        data=msgspec.to_builtins(data),
        dataschema=KIND.dataschema,
        position=str(position),
    )
    return _with_hash(open_event, digest(open_event))


def digest(event: Event) -> str:
    """Return the SHA-256 of the canonical JSON of `event` in which the hash is empty."""
    return hashlib.sha256(encode_event(_with_hash(event, ""))).hexdigest()


def _with_hash(event: Event, value: str) -> Event:
    return msgspec.structs.replace(event, data=event.data | {"hash": value})


def _short(text: str) -> str:
    spelt = text.encode("utf-8", "backslashreplace").decode()
    return spelt if len(spelt) <= _LONGEST else spelt[: _LONGEST - 1] + "…"
