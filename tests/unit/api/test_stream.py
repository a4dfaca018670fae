"""The live stream: resumes without gap or repetition, filters, and lets slow listeners go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from api.app import PREFIX
from api.audit.trail import Trail
from api.live import QUEUED, Listener, LiveTail
from api.pulse import Pulse
from api.services import Services
from api.sse import stream
from projections.database import open_database
from projections.queries.events import EventRow, list_events
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.kafka.publisher import Publisher
from tests.integration.log_of_facts import T0


@contextmanager
def frames(api, who="viewer", after=None, **params) -> Iterator[Iterator[dict[str, str]]]:
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    with (
        api.client(who) as client,
        client.stream("GET", f"{PREFIX}/stream", params=params, headers=headers) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == "retry: 1000"
        assert next(lines) == ""
        yield _parsed(lines)


def _parsed(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    frame: dict[str, str] = {}
    for line in lines:
        if not line:
            yield frame
            frame = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            frame[name] = value


def all_seqs(api, **filters) -> list[int]:
    engine = open_database(api.settings.database, read_only=True)
    with engine.connect() as connection:
        seqs = [row.seq for row in list_events(connection, "default", limit=1000, **filters)]
    engine.dispose()
    return seqs


def test_it_resumes_after_the_last_id_and_goes_on_live(api):
    past = all_seqs(api)
    with frames(api, after=past[2]) as coming:
        seen = [int(next(coming)["id"]) for _ in past[3:]]
        assert seen == past[3:]
        api.happen(100, 3)
        seen += [int(next(coming)["id"]) for _ in range(3)]
    assert seen == all_seqs(api)[3:]


def test_what_happened_while_away_is_not_lost(api):
    with frames(api) as coming:
        api.happen(200, 2)
        last = [next(coming) for _ in range(2)][-1]["id"]
    api.happen(202, 2)
    with frames(api, after=last) as coming:
        missed = [json.loads(next(coming)["data"])["data"]["finding_id"] for _ in range(2)]
    assert missed == ["late-202", "late-203"]


def test_it_filters_by_type_and_subject(api):
    registered = all_seqs(api, types=["agent.registered"])
    with frames(api, after=0, type="agent.registered") as coming:
        assert [int(next(coming)["id"]) for _ in registered] == registered
    with frames(api, after=0, subject="default/web-3") as coming:
        event = next(coming)
    assert event["event"] == "agent.registered"
    assert json.loads(event["data"])["subject"] == "default/web-3"


def test_several_listeners_share_one_tail(api):
    with frames(api) as one, frames(api) as other:
        api.happen(300, 5)
        assert [next(one)["id"] for _ in range(5)] == [next(other)["id"] for _ in range(5)]


def _row(seq: int, kind: str = "a.b", tenant: str = "default") -> EventRow:
    return EventRow(seq, str(seq), kind, "/api", "default/x", tenant, T0, {}, "", "", "t", 0, seq)


async def test_a_slow_listener_is_let_go_with_a_reason():
    listener = Listener("default")
    for seq in range(QUEUED + 5):
        listener.offer(_row(seq))
    delivered = 0
    while await listener.next() is not None:
        delivered += 1
    assert (delivered, listener.closed) == (QUEUED, "too_slow")


async def test_a_listener_takes_what_it_asked_for_only():
    listener = Listener("default", {"a.b"}, "default/x")
    listener.offer(_row(1, "c.d"))
    listener.offer(_row(2))
    row = await listener.next()
    assert row is not None
    assert row.seq == 2


def test_a_wrong_last_id_is_refused(api):
    with api.client() as client:
        answer = client.get(f"{PREFIX}/stream", headers={"Last-Event-ID": "-1"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "header.last-event-id"


def test_going_down_ends_every_stream_and_says_why(api):
    # The last test of this module: the server is gone afterwards.
    with frames(api) as coming:
        api.stop()
        assert json.loads(next(coming)["data"])["reason"] == "server_going_down"
        assert next(coming, None) is None


async def test_a_token_that_ends_while_much_is_caught_up_with_is_shown_no_further_page(api):
    api.happen(400, 600)
    engine, nowhere = (
        open_database(api.settings.database, read_only=True),
        Connection("127.0.0.1:1"),
    )
    publisher, signer = Publisher(nowhere), Signer(b"a secret for tests only")
    parts = LiveTail(engine), Pulse(engine, nowhere), Trail(nowhere, publisher, signer)
    services, listener = Services(engine, publisher, signer, *parts), Listener("default")
    answers = iter([True, False, False])
    told = [each async for each in stream(services, listener, 0, lambda: next(answers))]
    engine.dispose()
    assert sum(each.startswith(b"id: ") for each in told) == 500
    assert b"token_ended" in told[-1]
