"""What is written and read in pieces is what one call would write and read."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from processors import large_json
from processors.large_json import decoded, encoded

NAMES = some.text(some.characters(exclude_categories=["Cs"]), max_size=6)


class Agent(msgspec.Struct, array_like=True, omit_defaults=True):
    host: str = ""
    depends_on: tuple[str, ...] = ()


class State(msgspec.Struct):
    agents: dict[str, Agent] = {}
    links: dict[str, dict[str, float]] = {}
    due: list[tuple[float, str]] = []
    count: int = msgspec.field(default=0, name="how many")


STATES = some.builds(
    State,
    some.dictionaries(NAMES, some.builds(Agent, NAMES, some.lists(NAMES, max_size=3).map(tuple))),
    some.dictionaries(NAMES, some.dictionaries(NAMES, some.floats(-1e9, 1e9))),
    some.lists(some.tuples(some.floats(0, 1e9), NAMES)),
    some.integers(0, 1 << 40),
)


@pytest.fixture(autouse=True, params=[1, 3, 8_192])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(large_json, "AT_ONCE", request.param)
    monkeypatch.setattr(large_json, "LONG", 10 * request.param)
    return int(request.param)


@given(STATES)
def test_it_is_the_same_byte_for_byte_and_comes_back(state: State) -> None:
    whole = msgspec.json.encode(state, order="deterministic")
    assert encoded(state) == whole
    assert decoded(whole, State) == state
    assert list(decoded(whole, State).agents) == sorted(state.agents)


def test_no_call_is_given_more_than_a_piece(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    agents = {f"web-{n * 7919 % 10_007:05d}": Agent("h") for n in range(10_007)}
    largest = 0
    whole = large_json._canonical

    def noted(value: object) -> bytes:
        nonlocal largest
        largest = max(largest, len(value) if isinstance(value, dict) else 0)
        return whole(value)

    monkeypatch.setattr(large_json, "_canonical", noted)
    assert decoded(encoded(State(agents)), State) == State(agents)
    assert largest < 4 * size + 20


def test_what_an_earlier_version_did_not_write_has_its_default(size: int) -> None:
    spelt = b'{"agents":{"web":["%s"]},"gone":1}' % (b"h" * 10 * size)
    assert decoded(spelt, State) == State({"web": Agent("h" * 10 * size)})


@pytest.mark.parametrize(
    "spelt", [b'{"agents":{"web":[1]}}', b'{"agents":[]}', b'{"agents":{', b"[]"]
)
def test_what_is_none_is_refused(spelt: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decoded(spelt + b" " * 90_000, State)
