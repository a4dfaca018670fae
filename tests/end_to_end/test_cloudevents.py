"""Every record of a running installation says what it is to a reader who knows CloudEvents only."""

from __future__ import annotations

import asyncio
from collections import Counter

from streams.contracts.topics import TOPICS
from tests.contracts.cloudevents import STRUCTURED, content_type, faults
from tests.end_to_end.harness import Installation, read_all

NO_EVENTS = {None, b"telemetry", b"forward", b"tick"}
"""Measurements, and control records without one; neither claims to be an event."""


def test_every_event_of_every_part_is_a_cloudevent(homeostat: Installation) -> None:
    homeostat.wait_for(lambda: homeostat.get("/agents/web"), "declared service")
    seen: Counter[str] = Counter()
    for record in asyncio.run(read_all(homeostat.connection, [topic.name for topic in TOPICS])):
        headers = dict(record.headers)
        if content_type(record.headers).startswith(STRUCTURED):
            assert headers["hs-kind"] == b"event"
            assert faults(record.value or b"") == [], record
            seen[record.topic] += 1
        else:
            assert headers.get("hs-kind") in NO_EVENTS, record
    assert {"telemetry", "governance", "fleet", "policies", "timers"} <= seen.keys()
