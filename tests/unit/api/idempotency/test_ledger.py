"""The fold of keys: who may go ahead, who is answered, who waits."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.idempotency import ledger as kept
from api.idempotency.ledger import KEPT_S, LEASE_S, Ledger, Order, Verdict
from streams.contracts.envelope import API, Event, outgoing, rfc3339
from streams.contracts.errors import Untrusted
from streams.contracts.events.registry import BY_DATA
from streams.contracts.events.request import RequestClaimed, RequestSettled
from streams.contracts.record import Record
from streams.contracts.topics import REQUESTS
from streams.contracts.trust import Signer
from tests.integration.log_of_facts import SIGNER, T0


class Log:
    """One process's view of a made-up topic; claims and settlements in order."""

    def __init__(self, *ledgers: Ledger) -> None:
        self.ledgers = ledgers or (Ledger(),)
        self._offset = 0

    def claim(
        self, name: str, at: float, key: str = "k", said: str = "a", tenant: str = "t"
    ) -> Verdict:
        found = self._fold(RequestClaimed(key, said), name, at, tenant)
        assert found is not None
        assert found[0] == name
        return found[1]

    def settle(
        self, claim: str, outcome: str, at: float = T0, key: str = "k", body: str = ""
    ) -> None:
        data = RequestSettled(key, claim, outcome, 202, "application/json", body)
        assert self._fold(data, f"settled-{self._offset}", at, "t") is None

    def record(
        self, data: msgspec.Struct, name: str, at: float, tenant: str, signer: Signer
    ) -> Record:
        kind = BY_DATA[type(data)]
        event = Event(
            id=name, source=API, type=kind.name, subject=f"{tenant}/k", time=rfc3339(at),
            tenant=tenant, data=msgspec.to_builtins(data), dataschema=kind.dataschema,
        )  # fmt: skip
        made = signer.sign(outgoing(event, REQUESTS.name, 0))
        self._offset += 1
        return Record(REQUESTS.name, 0, self._offset, at, made.key, made.value, made.headers)

    def _fold(
        self, data: msgspec.Struct, name: str, at: float, tenant: str
    ) -> tuple[str, Verdict] | None:
        record = self.record(data, name, at, tenant, SIGNER)
        told = [ledger.fold(record, SIGNER) for ledger in self.ledgers]
        assert all(one == told[0] for one in told)
        return told[0]


@pytest.fixture
def log() -> Log:
    return Log(Ledger(), Ledger())


def test_the_first_claim_goes_ahead_and_the_second_waits(log: Log) -> None:
    assert log.claim("one", T0).order is Order.RUN
    assert log.claim("two", T0 + LEASE_S - 1).order is Order.BUSY


def test_what_was_answered_is_answered_again_for_a_day(log: Log) -> None:
    log.claim("one", T0)
    log.settle("one", "answered", body="done")
    again = log.claim("two", T0 + KEPT_S - 1)
    assert again.order is Order.REPLAY
    assert again.answer is not None
    assert again.answer.body == "done"
    assert log.claim("three", T0 + KEPT_S).order is Order.RUN


def test_another_request_under_the_key_is_refused_whatever_became_of_the_first(log: Log) -> None:
    log.claim("one", T0)
    assert log.claim("two", T0, said="b").order is Order.OTHER
    log.settle("one", "failed")
    assert log.claim("three", T0, said="b").order is Order.OTHER
    assert log.claim("four", T0).order is Order.AGAIN
    log.settle("four", "answered")
    assert log.claim("five", T0, said="b").order is Order.OTHER


def test_a_refused_request_gives_its_key_back(log: Log) -> None:
    log.claim("one", T0)
    log.settle("one", "refused")
    assert log.claim("two", T0, said="b").order is Order.RUN


def test_a_claim_whose_process_died_is_taken_over_once(log: Log) -> None:
    log.claim("one", T0)
    assert log.claim("two", T0 + LEASE_S).order is Order.AGAIN
    assert log.claim("three", T0 + LEASE_S + 1).order is Order.BUSY


def test_one_who_was_slow_and_not_dead_is_heard(log: Log) -> None:
    log.claim("one", T0)
    log.claim("two", T0 + LEASE_S)
    log.settle("one", "failed")  # nothing of its business any more
    assert log.claim("three", T0 + LEASE_S).order is Order.BUSY
    log.settle("one", "answered", body="first")
    log.settle("two", "answered", body="second")
    answer = log.claim("four", T0 + LEASE_S).answer
    assert answer is not None
    assert answer.body == "first"


def test_a_tenant_cannot_take_all_the_room(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_OF_TENANT", 2)
    monkeypatch.setattr(kept, "MOST", 3)
    tenants = {"a": "t", "b": "t", "c": "t", "d": "u", "e": "v"}
    orders = {key: log.claim(key, T0 + 1, key, tenant=t).order for key, t in tenants.items()}
    assert [key for key, order in orders.items() if order is Order.FULL] == ["c", "e"]
    full = log.claim("later", T0 + 11, "c")
    assert full.wait_s == KEPT_S - 10
    assert log.claim("next day", T0 + 1 + KEPT_S, "c").order is Order.RUN


def test_a_forged_record_changes_nothing(log: Log) -> None:
    forger = Signer(b"somebody else's secret, of 32 bytes")
    forged = log.record(RequestClaimed("k", "a"), "forged", T0, "t", forger)
    with pytest.raises(Untrusted):
        log.ledgers[0].fold(forged, SIGNER)
    assert len(log.ledgers[0]) == 0


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["claim", "answered", "refused", "failed"]),
        st.sampled_from("kl"),
        st.sampled_from("ab"),
        st.sampled_from([0.0, 1.0, LEASE_S, KEPT_S]),
    ),
    max_size=30,
)


@given(STEPS)
def test_within_a_lease_one_only_is_carried_out(steps) -> None:
    """Between two that go ahead under one key lies an end of the first, or its whole lease."""
    last: dict[str, float] = {}
    ended: set[str] = set()
    log, now, running = Log(), T0, dict[str, str]()
    for number, (what, key, said, pause) in enumerate(steps):
        now += pause
        if what == "claim":
            if log.claim(str(number), now, key, said).order in (Order.RUN, Order.AGAIN):
                assert key in ended or now - last.get(key, -KEPT_S) >= LEASE_S
                running[key], last[key] = str(number), now
                ended.discard(key)
        elif key in running:
            log.settle(running[key], what, now, key)
            if what != "answered":
                ended.add(key)
