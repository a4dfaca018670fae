"""Records of one agent may arrive in any order: the latest by its own time is what counts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.step import Context
from processors.surveillance.state import SurveillanceState
from processors.surveillance.step import Surveillance
from streams.contracts.events.agent import WindowsClosed
from streams.contracts.record import Outgoing, Record
from streams.contracts.telemetry import encode_tick
from streams.contracts.trust import RecordKind, Signer

SIGNER = Signer(b"a secret for tests only")
STEP = Surveillance()
BEGIN = 1_000_000_020.0
"""The begin of a window of a minute."""
optional = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["idle", "busy", "degraded"]),
        "agent_type": st.sampled_from(["host", "worker"]),
        "labels": st.fixed_dictionaries({"host": st.sampled_from("ab")}),
    },
)
measured = st.dictionaries(st.sampled_from("qrs"), st.floats(-9, 9), min_size=1)


@st.composite
def beats(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Return heartbeats of one agent, in the order of their times."""
    times = draw(st.lists(st.integers(0, 59), min_size=2, max_size=8, unique=True))
    return [
        {"at": BEGIN + at, "agent_id": "a1", "metrics": draw(measured), **draw(optional)}
        for at in sorted(times)
    ]


def folded(sent: list[dict[str, Any]], size: int) -> SurveillanceState:
    state = STEP.initial(Context("telemetry", 0, 1, SIGNER))
    records = [
        Record("telemetry", 0, offset, BEGIN + 59.0, None, msgspec.json.encode(beat))
        for offset, beat in enumerate(sent)
    ]
    for first in range(0, len(records), size):
        STEP.apply(state, records[first : first + size])
    return state


def latest(state: SurveillanceState) -> dict[str, Any]:
    (slot,) = state.slots.values()
    profile, c = state.profile(slot), state.series
    values = {
        state.metric_names[c.metric[row]]: float(c.last[row]) for row in state.series_of(slot)
    }
    return {
        "values": values,
        "status": int(state.agents.status[slot]),
        "type": profile.agent_type,
        "labels": profile.labels,
    }


def counted(state: SurveillanceState) -> dict[str, tuple[int, float, float]]:
    value = encode_tick(BEGIN + 61.0)
    headers = SIGNER.sign(Outgoing("telemetry", None, value), RecordKind.TICK).headers
    record = Record("telemetry", 0, 99, BEGIN + 61.0, None, value, headers)
    facts = [getattr(emission.item, "data", None) for emission in STEP.apply(state, [record])]
    windows = [data for data in facts if isinstance(data, WindowsClosed)]
    return {w.metric: (w.count[0], w.minimum[0], w.maximum[0]) for w in windows}


@settings(deadline=None)
@given(sent=beats(), data=st.data(), size=st.integers(1, 8))
def test_any_order_of_arrival_gives_the_same_latest_and_the_same_windows(
    sent: list[dict[str, Any]], data: st.DataObject, size: int
) -> None:
    straight, mixed = folded(sent, 1), folded(data.draw(st.permutations(sent)), size)
    assert latest(mixed) == latest(straight)
    assert counted(mixed) == counted(straight)


@given(sent=beats())
def test_the_latest_is_what_the_last_record_of_each_field_said(sent: list[dict[str, Any]]) -> None:
    found = latest(folded(sent[::-1], len(sent)))
    said = {name: value for beat in sent for name, value in beat["metrics"].items()}
    assert found["values"] == said
    hosts = [beat["labels"] for beat in sent if "labels" in beat]
    assert found["labels"] == (hosts[-1] if hosts else {})


@pytest.mark.parametrize("up", [0, 1])
def test_a_first_heartbeat_says_at_once_how_the_agent_is(up: int) -> None:
    beat = {"agent_id": "web", "agent_type": "service", "metrics": {"up": up}}
    value = msgspec.json.encode(beat)
    headers = SIGNER.sign(Outgoing("telemetry", None, value), RecordKind.TELEMETRY).headers
    record = Record("telemetry", 0, 0, BEGIN, None, value, headers)
    state = STEP.initial(Context("telemetry", 0, 1, SIGNER))
    data = [emission.item.data for emission in STEP.apply(state, [record])]  # type: ignore[union-attr]
    levels = [fact.level for fact in data if type(fact).__name__ == "AgentHealthChanged"]
    assert levels == ["healthy" if up else "failing"]
