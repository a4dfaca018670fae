"""A record that was not accepted, as a fact with its reason and all of its bytes."""

from __future__ import annotations

import base64

from processors.step import Fact
from streams.contracts.errors import ContractError
from streams.contracts.events.system import DeadLetter
from streams.contracts.message import without_message
from streams.contracts.record import Record

MAX_KEPT = 1 << 20


def dead_letter(record: Record, error: ContractError) -> Fact:
    """Return the dead letter of `record`; its bytes are kept in base64 for a redrive.

    What carries the message of a conversation is kept up to that, and cannot be redriven.
    """
    value, spoke = without_message(record.value or b"")
    data = DeadLetter(
        reason=error.reason,
        detail=error.detail,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=_text(record.key or b""),
        value=_text(value[:MAX_KEPT]),
        headers=[(name, _text(content)) for name, content in record.headers],
        truncated=spoke or len(value) > MAX_KEPT,
    )
    return Fact(f"default/{record.topic}", data, record.timestamp)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
