"""Ids, positions and routes of what a step writes."""

from __future__ import annotations

import pytest

from processors.dead_letters import MAX_KEPT, dead_letter
from processors.step import Context, Emission, Fact, Sealer
from streams.contracts.envelope import decode_event, derived_id
from streams.contracts.errors import MalformedRecord
from streams.contracts.events.action import ActionGranted, ActionRefused
from streams.contracts.events.registry import EVENT_TYPES
from streams.contracts.record import Outgoing, Position, Record
from streams.contracts.trust import RecordKind
from tests.properties.loop import SIGNER

SEALER = Sealer("governor", Context("governance", 0, 1, SIGNER))
REFUSED = ActionRefused("a", "service.restart", "default/web", "rejected", "no")
GRANTED = ActionGranted("a", "service.restart", "default/web", "alpha", "", 9.0)


def test_facts_of_one_record_count_up_and_start_anew_with_the_next() -> None:
    facts = [(4, GRANTED), (4, GRANTED), (5, GRANTED)]
    sealed = SEALER.seal([Emission(offset, Fact("t/a", data, 1.0)) for offset, data in facts])
    events = [decode_event(record.value) for record in sealed]
    assert [e.position for e in events] == ["governance/0/4/0", "governance/0/4/1",
                                            "governance/0/5/0"]  # fmt: skip
    assert events[1].id == derived_id("governor", Position("governance", 0, 4, 1))
    assert [e.sequence for e in events] == sorted(e.sequence for e in events)


def test_one_fact_goes_to_every_topic_of_its_type_under_one_id() -> None:
    sealed = SEALER.seal([Emission(1, Fact("t/a", REFUSED, 1.0))])
    assert [record.topic for record in sealed] == ["actions", "decisions"]
    assert sealed[0].value == sealed[1].value
    assert sealed[0].headers != sealed[1].headers, "a signature holds for one topic"


def test_sealing_again_gives_the_same_bytes() -> None:
    emissions = [Emission(1, Fact("t/a", REFUSED, 1.0, "c", "d"))]
    assert SEALER.seal(emissions) == SEALER.seal(emissions)


def test_the_tenant_comes_from_the_subject() -> None:
    (record, _) = SEALER.seal([Emission(1, Fact("acme/web", REFUSED, 1.0))])
    assert decode_event(record.value).tenant == "acme"


def test_a_named_type_overrides_that_of_the_class() -> None:
    kind = EVENT_TYPES["action.approval_refused"]
    (record,) = SEALER.seal([Emission(1, Fact("t/a", REFUSED, 1.0, kind=kind))])
    assert decode_event(record.value).type == "action.approval_refused"
    assert record.topic == "actions"


def test_a_forwarded_record_names_its_origin() -> None:
    heartbeat = Outgoing("telemetry", b"t/a", b"{}", (), 2)
    (sealed,) = SEALER.seal([Emission(8, heartbeat)])
    assert dict(sealed.headers)["hs-origin"] == b"governance/0/8/0"
    record = Record("telemetry", 2, 0, 1.0, sealed.key, sealed.value, sealed.headers)
    assert SIGNER.kind_of(record) is RecordKind.FORWARD


@pytest.mark.parametrize(("size", "truncated"), [(3, False), (MAX_KEPT + 1, True)])
def test_a_dead_letter_keeps_the_record_within_bounds(size: int, *, truncated: bool) -> None:
    record = Record("telemetry", 1, 2, 3.0, None, b"x" * size, (("h", b"v"),))
    data = dead_letter(record, MalformedRecord("malformed_json", "no JSON")).data
    kept = data.value  # type: ignore[attr-defined]
    assert data.truncated is truncated  # type: ignore[attr-defined]
    assert len(kept) == (min(size, MAX_KEPT) + 2) // 3 * 4
