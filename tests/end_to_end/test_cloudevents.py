"""Every record of a running installation says what it is to a reader who knows CloudEvents only."""

from __future__ import annotations

import asyncio
from collections import Counter

from streams.contracts.errors import Untrusted
from streams.contracts.record import Record
from streams.contracts.topics import TOPICS
from streams.contracts.trust import RecordKind, Signer
from tests.contracts.cloudevents import STRUCTURED, content_type, faults
from tests.end_to_end.harness import Installation, read_all


def kind_of(record: Record, signer: Signer) -> RecordKind | None:
    """Return what `record` proves to be; whoever proves nothing may claim what they like."""
    try:
        return signer.kind_of(record)
    except Untrusted:
        return None


def test_every_event_of_every_part_is_a_cloudevent(homeostat: Installation) -> None:
    seen: Counter[str] = Counter()
    for record in asyncio.run(read_all(homeostat.connection, [topic.name for topic in TOPICS])):
        said = content_type(record.headers).startswith(STRUCTURED)
        kind = kind_of(record, homeostat.signer)
        if kind is None:
            continue
        if kind is RecordKind.EVENT:
            assert said, record
            assert faults(record.value or b"") == [], record
            seen[record.topic] += 1
        else:
            assert not said, record
    assert {"telemetry", "governance", "fleet", "policies", "timers"} <= seen.keys()
