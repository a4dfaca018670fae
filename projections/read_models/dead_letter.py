"""Records that were not accepted, passed over, or refused as forged."""

from __future__ import annotations

import uuid
from typing import Final

from processors.dead_letters import dead_letter
from projections.models import dead_letters
from projections.read_models.typed import data_as
from projections.rows import Row, Rows, Seen
from streams.contracts.errors import ContractError
from streams.contracts.events.system import (
    DeadLetter,
    RecordDiscarded,
    RecordReadmitted,
    RecordRedriven,
    RecordSkipped,
    RedriveRefused,
)
from streams.contracts.record import Record

DISCARDED: Final = "discarded"
REDRIVEN: Final = "redriven"
_NAMESPACE: Final = uuid.UUID("a1c33a1b-7a0f-5c39-8a53-6b0c5b0f5b0e")


def dead_lettered(rows: Rows, seen: Seen) -> None:
    """Keep a record from outside with all of its bytes, for a redrive."""
    data = data_as(seen, DeadLetter)
    rows.put(dead_letters, _row(seen.event.id, "dead_letter", seen.at, data))


def skipped(rows: Rows, seen: Seen) -> None:
    """Keep the coordinates of a record that a step passed over."""
    data = data_as(seen, RecordSkipped)
    letter = DeadLetter(
        data.reason, data.detail, data.topic, data.partition, data.offset, "", "", []
    )
    row = _row(seen.event.id, "skipped", seen.at, letter)
    rows.put(dead_letters, row | {"step": data.step})


def discarded(rows: Rows, seen: Seen) -> None:
    """Mark what a person discarded; both facts lie in one partition, so the letter comes first."""
    _mark(rows, data_as(seen, RecordDiscarded).letter_id, kind=DISCARDED)


def redriven(rows: Rows, seen: Seen) -> None:
    """Mark what a person sent in once more."""
    _mark(rows, data_as(seen, RecordRedriven).letter_id, kind=REDRIVEN)


def readmitted(rows: Rows, seen: Seen) -> None:
    """Mark what was accepted when it came once more."""
    _mark(rows, data_as(seen, RecordReadmitted).letter_id, kind=REDRIVEN, outcome="readmitted")


def redrive_refused(rows: Rows, seen: Seen) -> None:
    """Keep what is still not acceptable as a letter of its own, which refers to the first."""
    data = data_as(seen, RedriveRefused)
    _mark(rows, data.letter_id, kind=REDRIVEN, outcome="refused")
    letter = DeadLetter(
        data.reason, data.detail, data.topic, data.partition, data.offset, data.key, data.value,
        data.headers,
    )  # fmt: skip
    row = _row(seen.event.id, "dead_letter", seen.at, letter)
    rows.put(dead_letters, row | {"redrive_of": data.letter_id, "stamped": data.stamped})


def _mark(rows: Rows, letter_id: str, **changes: str) -> None:
    letter = rows.get(dead_letters, letter_id)
    if letter is not None:
        rows.put(dead_letters, letter | changes)


def refused(rows: Rows, record: Record, error: ContractError) -> None:
    """Keep a record of an internal topic that is forged or cannot be read; nothing else moves."""
    data = dead_letter(record, error).data
    name = f"{record.topic}/{record.partition}/{record.offset}"
    if isinstance(data, DeadLetter):
        row = _row(str(uuid.uuid5(_NAMESPACE, name)), "untrusted", record.timestamp, data)
        rows.put(dead_letters, row)
    rows.count("refused", error.reason)


FOLDS: Final = {
    "record.dead_lettered": dead_lettered,
    "record.skipped": skipped,
    "record.discarded": discarded,
    "record.redriven": redriven,
    "record.readmitted": readmitted,
    "record.redrive_refused": redrive_refused,
}


def _row(event_id: str, kind: str, at: float, data: DeadLetter) -> Row:
    return {
        "event_id": event_id,
        "kind": kind,
        "step": "",
        "reason": data.reason,
        "detail": data.detail,
        "topic": data.topic,
        "partition": data.partition,
        "offset": data.offset,
        "key": data.key,
        "value": data.value,
        "headers": [list(header) for header in data.headers],
        "truncated": data.truncated,
        "at": at,
        "redrive_of": "",
        "outcome": "",
        "stamped": at,
    }
