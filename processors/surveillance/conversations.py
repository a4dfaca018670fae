"""Conversations: what is heard in them becomes findings, and is told of at a window's end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from processors.conversations.listen import assess as assessed
from processors.conversations.listen import hear, hush, rest
from processors.conversations.verdicts import Ended, Stands, Told
from processors.step import Emission
from processors.surveillance import threats
from processors.surveillance.batch import Batch
from processors.surveillance.findings import (
    Evidence,
    assess,
    change_finding,
    end_finding,
    raise_finding,
)
from processors.surveillance.state import SurveillanceState, fact
from streams.contracts.events.conversation import ConversationAssessed
from streams.contracts.message import Message

CHANNEL: Final = "conversation"


def listen(
    state: SurveillanceState,
    batch: Batch,
    offset: int,
    slot: int,
    message: Message,
    out: list[Emission],
) -> None:
    """Judge a message of the agent in `slot`; what stands or ends by it ends the batch first."""
    if not state.policy.surveillance.conversations.enabled:
        return
    told = hear(state.conversations, state.profile(slot).key, message, state.time)
    if told:
        out += batch.flush(state)
        out += _follow(state, offset, told)


def tick(state: SurveillanceState, offset: int) -> list[Emission]:
    """Return what ends because nothing was said for long enough."""
    return _follow(state, offset, rest(state.conversations, state.time))


def close(state: SurveillanceState, offset: int) -> list[Emission]:
    """Tell of the conversations in which something was said in the window that closes."""
    return _follow(state, offset, assessed(state.conversations))


def take_policy(state: SurveillanceState, offset: int) -> list[Emission]:
    """Judge by the policy in force; where nothing is judged any longer, end what stands."""
    policy = state.policy.surveillance.conversations
    state.conversations.take_policy(policy)
    return [] if policy.enabled else _follow(state, offset, hush(state.conversations))


def _follow(state: SurveillanceState, offset: int, told: Sequence[Told]) -> list[Emission]:
    emissions: list[Emission] = []
    for key, what in told:
        slot = state.slots.get(key)
        if slot is None or state.profile(slot).gone:
            continue
        if isinstance(what, ConversationAssessed):
            emissions.append(fact(state, offset, slot, what, state.time))
        else:
            moved = _moved(state, offset, slot, what)
            emissions += moved + threats.follow(state, offset, moved)
            emissions += assess(state, offset, slot, state.time)
    return emissions


def _moved(
    state: SurveillanceState, offset: int, slot: int, what: Stands | Ended
) -> list[Emission]:
    """Return the finding that stands, stands otherwise, or ends."""
    channel = f"{CHANNEL}.{what.kind}"
    if isinstance(what, Ended):
        return end_finding(state, offset, slot, f"{channel}/", what.reason, state.time)
    why = Evidence(
        what.kind,
        what.severity,
        "",
        what.value,
        what.low,
        what.high,
        what.since,
        what.summary,
        what.drivers,
    )
    stands = f"{channel}/" in state.findings.get(slot, {})
    return [
        (change_finding if stands else raise_finding)(state, offset, slot, channel, why, state.time)
    ]
