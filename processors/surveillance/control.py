"""Control records: ticks, policies, requests of people and answers of the governor."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np

from config.policy import PolicyError, policy_from
from processors.columns import Ints
from processors.lifecycle.transitions import Allowed, Status, transition
from processors.step import Emission
from processors.surveillance import (
    anomaly,
    company,
    conversations,
    presence,
    threats,
    thresholds,
)
from processors.surveillance.accepting import accept, relearn
from processors.surveillance.courses import judging
from processors.surveillance.findings import assess, end_finding
from processors.surveillance.forward import advance
from processors.surveillance.judge import LIMITS, level_moved
from processors.surveillance.redrive import redriven
from processors.surveillance.registry import assign_rules, drop, retire
from processors.surveillance.state import STATUS_CODE, STATUSES, SurveillanceState, fact, moved
from processors.wishes import is_first
from streams.contracts.envelope import API, Event, decode_event
from streams.contracts.errors import ContractError, InvalidField, MalformedRecord
from streams.contracts.events.agent import (
    AgentTransitionRefused,
    LifecycleRequested,
    RegistrationDecided,
    RelearnRequested,
)
from streams.contracts.events.finding import AcceptanceRequested
from streams.contracts.events.registry import data_of
from streams.contracts.events.system import RecordRedriven
from streams.contracts.record import Position, Record
from streams.contracts.upcasters import upcast

T = TypeVar("T")
_WISHES: Final = {
    "agent.lifecycle_requested",
    "agent.relearn_requested",
    "finding.acceptance_requested",
}


def on_tick(state: SurveillanceState, offset: int) -> list[Emission]:
    """Return what follows from time alone: levels held long enough, silence, clean-up."""
    emissions: list[Emission] = []
    if state.pending_from <= state.time:
        emissions += _levels_held(state, offset)
    emissions += presence.tick(state, offset)
    emissions += threats.follow(state, offset, emissions) + threats.tick(state, offset)
    emissions += conversations.tick(state, offset)
    leaving = STATUS_CODE[Status.DECOMMISSIONING]
    for slot in np.flatnonzero(state.agents.status[: state.agents.size] == leaving).tolist():
        emissions += retire(state, offset, slot, "agent_gone")
        done = Status.DECOMMISSIONED
        emissions.append(moved(state, offset, slot, done, "decommissioned", state.time))
        emissions += assess(state, offset, slot, state.time)
    return emissions


def _levels_held(state: SurveillanceState, offset: int) -> list[Emission]:
    c, emissions = state.series, []
    before = c.level[: c.size].copy()
    for row in thresholds.due(state.rules, c, state.time).tolist():
        value = float(c.last[row])
        emissions += level_moved(state, offset, row, int(before[row]), value, state.time)
        emissions += assess(state, offset, int(c.slot[row]), state.time)
    state.pending_from = thresholds.next_due(state.rules, c)
    return emissions


def on_event(state: SurveillanceState, record: Record) -> list[Emission]:
    """Fold a signed event.

    Raises
    ------
    ContractError
        Where it is not one that this inbox takes.
    """
    event = upcast(decode_event(record.value))
    if event.position and not _is_new(state, event):
        return []
    match event.type:
        case wish if wish in _WISHES:
            return _wish(state, record.offset, event)
        case "policy.changed":
            return _policy(state, record.offset, event)
        case "agent.registration_decided":
            return _registration(state, record.offset, event)
        case "record.redriven":
            return redriven(state, record, event, _typed(event, RecordRedriven))
    detail = f"{event.type} has no business in {record.topic}"
    raise MalformedRecord("unexpected_event", detail)


def _wish(state: SurveillanceState, offset: int, event: Event) -> list[Emission]:
    """Do what a person asks for, once."""
    if event.source == API and not is_first(state.seen, event.id, offset):
        return []
    match event.type:
        case "finding.acceptance_requested":
            return accept(state, offset, event, _typed(event, AcceptanceRequested))
        case "agent.relearn_requested":
            return relearn(state, offset, event, _typed(event, RelearnRequested))
    asked = _lifecycle(state, offset, event)
    return asked + threats.follow(state, offset, asked)


def _is_new(state: SurveillanceState, event: Event) -> bool:
    try:
        position = Position.parse(event.position)
    except ValueError as error:
        remedy = "write TOPIC/PARTITION/OFFSET/ORDINAL"
        raise InvalidField("malformed_event", "position", event.position, remedy) from error
    return advance(state.seen, event.source, position)


def _policy(state: SurveillanceState, offset: int, event: Event) -> list[Emission]:
    try:
        policy = policy_from(event.data.get("policy"))
    except PolicyError as error:
        raise MalformedRecord("invalid_policy", str(error)) from error
    if policy.version < state.policy.version:
        return []
    state.take_policy(policy)
    c, emissions = state.series, []
    living = np.flatnonzero(c.slot[: c.size] >= 0)
    assign_rules(state, living.tolist())
    thresholds.forget(c, living)
    unruled = living[(c.level[living] > 0) & (c.rule[living] < 0)]
    c.level[unruled] = 0
    emissions += _unruled(state, offset, unruled.tolist()) + threats.take_policy(state, offset)
    emissions += conversations.take_policy(state, offset)
    judged = c.judged[living] & policy.surveillance.detector.enabled
    return emissions + _unjudged(state, offset, living[~judged])


def _unruled(state: SurveillanceState, offset: int, rows: list[int]) -> list[Emission]:
    """End the findings of series that no threshold judges any longer."""
    emissions: list[Emission] = []
    for row in rows:
        slot, name = int(state.series.slot[row]), state.metric_names[state.series.metric[row]]
        ended = end_finding(state, offset, slot, f"{LIMITS}/{name}", "superseded", state.time)
        if ended:
            emissions += ended + assess(state, offset, slot, state.time)
    return emissions


def _unjudged(state: SurveillanceState, offset: int, rows: Ints) -> list[Emission]:
    """End the anomalies that are told by metrics which the detector judges no longer."""
    emissions = judging.end(state, offset, rows, "superseded")
    emissions += company.end(state, offset, rows, "superseded")
    for row in rows.tolist():
        slot, name = int(state.series.slot[row]), state.metric_names[state.series.metric[row]]
        if f"{anomaly.CHANNEL}/{name}" in state.findings.get(slot, {}):
            emissions += anomaly.calm(state, offset, slot, "superseded", state.time)
            emissions += assess(state, offset, slot, state.time)
    return emissions


def _lifecycle(state: SurveillanceState, offset: int, event: Event) -> list[Emission]:
    request = _typed(event, LifecycleRequested)
    slot = state.slots.get(event.subject)
    if slot is None:
        raise ContractError("unknown_agent", f"{event.subject} was never heard of here")
    status = STATUSES[state.agents.status[slot]]
    answer = transition(status, request.status, request.reason)
    if isinstance(answer, Allowed):
        emissions = [moved(state, offset, slot, answer.status, answer.reason, state.time)]
        name = f"{presence.CHANNEL}/"
        emissions += end_finding(state, offset, slot, name, "superseded", state.time)
        return emissions + assess(state, offset, slot, state.time)
    refused = AgentTransitionRefused(status, answer.requested, answer.reason)
    return [fact(state, offset, slot, refused, state.time, event.correlationid or event.id)]


def _registration(state: SurveillanceState, offset: int, event: Event) -> list[Emission]:
    answer = _typed(event, RegistrationDecided)
    slot = state.slots.get(event.subject)
    if answer.granted:
        state.blocked.pop(event.subject, None)
        return []
    state.blocked[event.subject] = answer.reason
    return [] if slot is None else drop(state, offset, slot, "agent_gone")


def _typed(event: Event, kind: type[T]) -> T:
    try:
        return data_of(event.data, kind)
    except ValueError as error:
        raise MalformedRecord("malformed_event", f"{event.type}: {error}") from error
