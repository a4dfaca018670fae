"""The fold of tokens: one order gives one answer, whatever is written twice."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.identity.ledger import Ledger
from api.identity.roles import Identity, Role
from api.identity.tokens import Refusal, Tokens, hash_of
from streams.contracts.envelope import Event, outgoing, rfc3339
from streams.contracts.errors import ContractError
from streams.contracts.events.access import TokenIssued, TokenRevoked
from streams.contracts.events.registry import BY_DATA
from streams.contracts.record import Record
from streams.contracts.topics import TOKENS
from streams.contracts.trust import Signer

SIGNER = Signer(b"a secret of thirty-two bytes, yes")


def record(data: msgspec.Struct, at: float, signer: Signer = SIGNER) -> Record:
    kind = BY_DATA[type(data)]
    event = Event(
        id=f"e-{at}", source="/api", type=kind.name, subject="default/x", time=rfc3339(at),
        tenant="default", data=msgspec.to_builtins(data), dataschema=kind.dataschema,
    )  # fmt: skip
    one = signer.sign(outgoing(event, TOKENS.name, 0))
    return Record(one.topic, 0, int(at), at, one.key, one.value, one.headers)


def issued(token_id: str, name: str, **changes: object) -> TokenIssued:
    plain = TokenIssued(token_id, name, hash_of(f"secret {token_id}"), "t", "viewer", "admin")
    return msgspec.structs.replace(plain, **changes)


def folded(*records: Record, reserved: tuple[str, ...] = ()) -> Ledger:
    ledger = Ledger(reserved)
    for one in records:
        ledger.fold(one, SIGNER)
    return ledger


def test_a_token_is_valid_until_it_expires_or_is_revoked():
    ledger = folded(
        record(issued("a", "ann", expires_at=50.0), 10),
        record(issued("b", "bob"), 11),
        record(TokenRevoked("b", "admin", "left"), 20),
    )
    ann, bob = ledger.get("a"), ledger.get("b")
    assert ann is not None
    assert bob is not None
    assert [ann.state(now) for now in (49.9, 50.0)] == ["valid", "expired"]
    assert (bob.state(21), bob.revoked_by, bob.reason, bob.revoked_at) == (
        "revoked", "admin", "left", 20.0,
    )  # fmt: skip
    assert ledger.by_hash(hash_of("secret a")) is ann
    assert ledger.by_hash(hash_of("secret c")) is None


def test_the_second_of_a_name_was_never_valid():
    ledger = folded(record(issued("a", "ann"), 10), record(issued("b", "ann"), 11))
    assert [token.state(12) for token in ledger.tokens()] == ["valid", "void"]
    held = ledger.holder("ann", 12)
    assert held is not None
    assert held.token_id == "a"


@pytest.mark.parametrize("ended", [TokenRevoked("a", "admin"), None])
def test_a_name_is_free_once_its_token_has_ended(ended):
    first = issued("a", "ann", expires_at=15.0 if ended is None else None)
    between = [] if ended is None else [record(ended, 14)]
    ledger = folded(record(first, 10), *between, record(issued("b", "ann"), 20))
    assert [token.state(21) for token in ledger.tokens()][1] == "valid"


def test_reserved_names_are_nobodys():
    ledger = folded(record(issued("a", "admin"), 10), reserved=("admin",))
    assert [token.state(11) for token in ledger.tokens()] == ["void"]


def test_a_record_that_is_forged_or_says_nonsense_changes_nothing():
    ledger = Ledger()
    wrong = [
        record(issued("a", "ann"), 10, Signer(b"another secret of another place")),
        record(issued("b", "bob", role="king"), 11),
    ]
    for one in wrong:
        with pytest.raises(ContractError):
            ledger.fold(one, SIGNER)
    assert ledger.tokens() == []


_STEPS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["ann", "bob"]), st.booleans()),
    max_size=30,
)


@given(_STEPS)
def test_never_two_valid_tokens_of_one_name_and_copies_change_nothing(steps):
    known: set[str] = set()
    records = []
    for at, (token_id, name, ends) in enumerate(steps):
        ended = ends and token_id in known  # nobody can revoke what was not issued
        told = TokenRevoked(token_id, "admin") if ended else issued(token_id, name)
        records.append(record(told, float(at)))
        known.add(token_id)
    ledger = folded(*records)
    valid = [t.name for t in ledger.tokens() if t.state(100.0) == "valid"]
    assert len(valid) == len(set(valid))
    twice = folded(*(each for one in records for each in (one, one)))
    assert twice.tokens() == ledger.tokens()
    assert folded(*records, *records).tokens()[: len(ledger.tokens())] == ledger.tokens()


def test_what_is_not_read_yet_is_not_called_unknown(tmp_path):
    ledger = Ledger()
    known = Tokens("first", tmp_path / "none.yaml", ledger=ledger)
    assert known.judge("hst_x_y") is Refusal.UNREAD
    assert known.judge("something else") is Refusal.UNKNOWN
    assert isinstance(known.judge("first"), Identity)
    ledger.current = True
    assert known.judge("hst_x_y") is Refusal.UNKNOWN


def test_a_token_of_the_installation_names_any_tenant(tmp_path):
    ledger = folded(record(issued("a", "ann", tenant="*", role="admin"), 10))
    known = Tokens("first", tmp_path / "none.yaml", lambda: 20.0, ledger=ledger)
    assert known.judge("secret a") == Identity("ann", "default", Role.ADMIN, everywhere=True)
