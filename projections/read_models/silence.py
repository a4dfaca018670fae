"""Silences: made, ended, refused."""

from __future__ import annotations

from typing import Final

import msgspec

from projections.models import silences
from projections.read_models.typed import data_as
from projections.rows import Row, Rows, Seen
from streams.contracts.events.silence import SilenceCreated, SilenceEnded, SilenceRefused


def created(rows: Rows, seen: Seen) -> None:
    """Enter a silence."""
    data = data_as(seen, SilenceCreated)
    row = rows.get(silences, data.silence_id) or _blank(seen, data.silence_id)
    plain = msgspec.to_builtins(data)
    row |= {name: value for name, value in plain.items() if name in silences.c}
    row |= {
        "recurrence": plain["recurrence"] or {},
        "created_at": seen.at,
        "event_id": seen.event.id,
    }
    rows.put(silences, row)


def ended(rows: Rows, seen: Seen) -> None:
    """Note that a person ended it."""
    data = data_as(seen, SilenceEnded)
    row = rows.get(silences, data.silence_id) or _blank(seen, data.silence_id)
    row |= {"ended_at": seen.at, "ended_by": data.ended_by, "end_reason": data.reason}
    rows.put(silences, row)


def refused(rows: Rows, seen: Seen) -> None:
    """Note that it never came into force."""
    data = data_as(seen, SilenceRefused)
    row = rows.get(silences, data.silence_id) or _blank(seen, data.silence_id)
    row |= {"ended_at": seen.at, "refused": data.reason, "end_reason": data.detail}
    rows.put(silences, row)


FOLDS: Final = {"silence.created": created, "silence.ended": ended, "silence.refused": refused}


def _blank(seen: Seen, silence_id: str) -> Row:
    return {
        "silence_id": silence_id,
        "tenant_id": seen.event.tenant,
        "matchers": [],
        "recurrence": {},
        "starts_at": seen.at,
        "ends_at": seen.at,
        "maintenance": False,
        "reason": "",
        "created_by": "",
        "created_at": seen.at,
        "ended_at": None,
        "ended_by": "",
        "end_reason": "",
        "refused": "",
        "event_id": seen.event.id,
    }
