"""The step *incidents*: one for the whole installation, at the rate of news."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from msgspec.structs import replace

from config.incidents import IncidentPolicy
from processors.fold import FoldStep, Message, PolicyInForce
from processors.incidents import alike, attention, fleet, grouping
from processors.incidents.endings import close
from processors.incidents.state import Ending, Incident, IncidentsState
from processors.incidents.telling import as_changed, told
from processors.step import Fact
from streams.contracts.envelope import derived_id
from streams.contracts.events.agent import AgentLabelled, AgentRegistered, AgentStatusChanged
from streams.contracts.events.finding import FindingChanged, FindingEnded, FindingRaised
from streams.contracts.events.incident import (
    IncidentChanged,
    IncidentClosed,
    IncidentOpened,
    IncidentReleased,
    IncidentWithheld,
)
from streams.contracts.events.registry import EVENT_TYPES
from streams.contracts.topics import CORRELATION

_WRITES = (
    "incident.opened",
    "incident.changed",
    "incident.closed",
    "incident.withheld",
    "incident.released",
    "record.dead_lettered",
)


def incidents() -> FoldStep[IncidentsState]:
    """Return the step that finds out which findings belong together, and where it began."""
    return FoldStep(
        name="incidents",
        version=1,
        inbox=CORRELATION,
        writes=tuple(EVENT_TYPES[name] for name in _WRITES),
        state=IncidentsState,
        decide=decide,
        evolve=evolve,
        earliest=_earliest,
    )


def decide(state: IncidentsState, message: Message, in_force: PolicyInForce) -> Iterator[Fact]:
    """Yield what is to be told at the message's time: endings first, then what is due."""
    cause = message.event.id if message.event is not None else ""
    while state.endings:
        yield _closed(state.endings[0], message.at, cause)
    while state.telling:
        yield _told(state, state.incidents[state.telling[0]], message.at, cause, in_force)
    yield from attention.judged(state, message.at, cause)


def evolve(
    state: IncidentsState, message: Message, fact: Fact | None, in_force: PolicyInForce
) -> None:
    """Fold one message, or one fact that followed from it, into `state`."""
    policy = in_force.policy.incidents
    if fact is None:
        state.judging = []
        _fold_news(state, message, policy)
        _look(state, message.at, policy)
    elif isinstance(fact.data, IncidentClosed):
        del state.endings[0]
    elif isinstance(fact.data, IncidentOpened):
        del state.telling[0]
        _note_told(state.incidents[fact.data.incident_id], fact.data, message.at)
        state.judging.append(fact.data.incident_id)
    elif isinstance(fact.data, IncidentWithheld | IncidentReleased):
        withheld = isinstance(fact.data, IncidentWithheld)
        state.incidents[fact.data.incident_id].told_withheld = withheld


def _fold_news(state: IncidentsState, message: Message, policy: IncidentPolicy) -> None:
    if message.event is None:
        return
    attention.fold(state, message.data)
    key, at = message.event.subject, message.at
    match message.data:
        case AgentRegistered() | AgentLabelled() as data:
            fleet.labelled(state, key, data.agent_type, data.labels, policy.max_agents)
        case AgentStatusChanged(status="decommissioned"):
            fleet.forget(state, key)
        case FindingRaised() as data:
            if key not in state.agents:
                fleet.labelled(state, key, data.agent_type, data.labels, policy.max_agents)
            new_id = derived_id("incident", message.position)
            grouping.raised(state, key, data, at, new_id, policy)
        case FindingChanged() as data:
            grouping.changed(state, data, at, policy)
        case FindingEnded() as data:
            grouping.ended(state, data, at, policy)
        case _:
            pass


def _look(state: IncidentsState, at: float, policy: IncidentPolicy) -> None:
    """Close what has been quiet long enough; line up what is to be told of."""
    telling: set[str] = set()
    while state.due and state.due[0][0] <= at:
        incident = state.incidents.get(heapq.heappop(state.due)[1])
        if incident is None:
            continue
        if incident.close_at is not None and incident.close_at <= at:
            close(state, incident, "quiet", at)
        elif incident.tell_at is not None and incident.tell_at <= at:
            telling.add(incident.incident_id)
    state.telling = sorted(telling & state.incidents.keys())
    if at - state.swept_at >= policy.window_s:
        alike.sweep(state, at, policy)
        state.swept_at = at


def _told(
    state: IncidentsState, incident: Incident, at: float, cause: str, in_force: PolicyInForce
) -> Fact:
    data = told(state, incident, in_force.policy.incidents)
    data = replace(data, policy_version=in_force.policy.version)
    if incident.told_at is not None:
        data = as_changed(data, sorted(incident.merged))
    return Fact(data.root.agent, data, at, incident.incident_id, cause)


def _note_told(incident: Incident, data: IncidentOpened, at: float) -> None:
    incident.told_at, incident.tell_at = at, None
    incident.told_severity, incident.told_title = data.severity, data.title
    incident.told_root = data.root.agent
    if isinstance(data, IncidentChanged):
        incident.merged = []


def _closed(ending: Ending, at: float, cause: str) -> Fact:
    data = IncidentClosed(
        ending.incident_id,
        ending.title,
        ending.severity,
        ending.reason,
        ending.lasted_s,
        ending.merged_into,
    )
    return Fact(ending.root, data, at, ending.incident_id, cause)


def _earliest(state: IncidentsState) -> float | None:
    """Return when the next incident is to be looked at."""
    return state.due[0][0] if state.due else None
