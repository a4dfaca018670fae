"""Which data belongs to which type, at which version, and where each event goes.

A type's current version is the length of its line of upcasters plus one; `streams.contracts.
upcasters` holds those lines, and `tests/contracts` a golden file of every version ever written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from streams.contracts import topics
from streams.contracts.envelope import SCHEMAS
from streams.contracts.events import (
    access,
    action,
    agent,
    conversation,
    finding,
    incident,
    operation,
    performance,
    request,
    response,
    silence,
    system,
)
from streams.contracts.topics import Topic


@dataclass(frozen=True, slots=True)
class EventType:
    """One type: its name, its data, its version, and the topics that its writer sends it to."""

    name: str
    data: type[msgspec.Struct]
    to: tuple[Topic, ...]
    version: int = 1

    @property
    def dataschema(self) -> str:
        """The CloudEvents dataschema: a URI of name and version."""
        return f"{SCHEMAS}{self.name}/{self.version}"


_D = TypeVar("_D")
_T = topics
_NEWS: Final = (_T.GOVERNANCE, _T.CORRELATION)
_FOUND: Final = (_T.FINDINGS, _T.DECISIONS, _T.CORRELATION)
_TYPES: Final = (
    EventType("agent.registered", agent.AgentRegistered, (_T.FLEET, *_NEWS)),
    EventType("agent.labelled", agent.AgentLabelled, (_T.FLEET, *_NEWS)),
    EventType("agent.status_changed", agent.AgentStatusChanged, (_T.FLEET, *_NEWS)),
    EventType("agent.transition_refused", agent.AgentTransitionRefused, (_T.FLEET,)),
    EventType("agent.health_changed", agent.AgentHealthChanged, (_T.FLEET, _T.GOVERNANCE)),
    EventType("agent.security_changed", agent.AgentSecurityChanged, (_T.FLEET,)),
    EventType("agent.performance_changed", performance.AgentPerformanceChanged, (_T.FLEET,)),
    EventType("conversation.assessed", conversation.ConversationAssessed, (_T.FLEET,)),
    EventType("agent.registration_requested", agent.RegistrationRequested, (_T.GOVERNANCE,)),
    EventType("agent.registration_decided", agent.RegistrationDecided, (_T.TELEMETRY, _T.FLEET)),
    EventType("agent.lifecycle_requested", agent.LifecycleRequested, (_T.TELEMETRY,)),
    EventType("agent.relearn_requested", agent.RelearnRequested, (_T.TELEMETRY, _T.FLEET)),
    EventType("fleet.operation_requested", operation.OperationRequested, (_T.FLEET,)),
    EventType("metrics.windows_closed", agent.WindowsClosed, (_T.WINDOWS,), version=2),
    EventType("finding.raised", finding.FindingRaised, _FOUND, version=3),
    EventType("finding.changed", finding.FindingChanged, _FOUND, version=2),
    EventType("finding.ended", finding.FindingEnded, _FOUND),
    EventType("finding.withheld", finding.FindingWithheld, (_T.FINDINGS, _T.CORRELATION)),
    EventType("finding.released", finding.FindingReleased, (_T.FINDINGS, _T.CORRELATION)),
    EventType("finding.acknowledged", response.FindingAcknowledged, (_T.FINDINGS,)),
    EventType("finding.unacknowledged", response.FindingUnacknowledged, (_T.FINDINGS,)),
    EventType("finding.assigned", response.FindingAssigned, (_T.FINDINGS,)),
    EventType("finding.commented", response.FindingCommented, (_T.FINDINGS,)),
    EventType("incident.acknowledged", response.IncidentAcknowledged, (_T.INCIDENTS,)),
    EventType("incident.unacknowledged", response.IncidentUnacknowledged, (_T.INCIDENTS,)),
    EventType("incident.assigned", response.IncidentAssigned, (_T.INCIDENTS,)),
    EventType("incident.commented", response.IncidentCommented, (_T.INCIDENTS,)),
    EventType("incident.opened", incident.IncidentOpened, (_T.INCIDENTS,)),
    EventType("incident.changed", incident.IncidentChanged, (_T.INCIDENTS,)),
    EventType("incident.closed", incident.IncidentClosed, (_T.INCIDENTS,)),
    EventType("incident.withheld", incident.IncidentWithheld, (_T.INCIDENTS,)),
    EventType("incident.released", incident.IncidentReleased, (_T.INCIDENTS,)),
    EventType(
        "finding.acceptance_requested", finding.AcceptanceRequested, (_T.TELEMETRY, _T.FINDINGS)
    ),
    EventType("action.requested", action.ActionRequested, (_T.DECISIONS, _T.ACTIONS)),
    EventType("action.proposed", action.ActionProposed, (_T.ACTIONS, _T.GOVERNANCE)),
    EventType("action.withheld", action.ActionWithheld, (_T.ACTIONS,)),
    EventType(
        "action.approval_given", action.ApprovalGiven, (_T.GOVERNANCE, _T.ACTIONS), version=2
    ),
    EventType("action.preview_requested", action.PreviewRequested, (_T.GOVERNANCE, _T.ACTIONS)),
    EventType("action.preview", action.Preview, (_T.COMMANDS,)),
    EventType("action.carry_out", action.CarryOut, (_T.COMMANDS,)),
    EventType("action.previewed", action.ActionPreviewed, (_T.ACTIONS,)),
    EventType("action.awaiting_approval", action.ActionAwaiting, (_T.ACTIONS,)),
    EventType("action.queued", action.ActionQueued, (_T.ACTIONS,)),
    EventType("action.granted", action.ActionGranted, (_T.ACTIONS,)),
    EventType("action.refused", action.ActionRefused, (_T.ACTIONS, _T.DECISIONS)),
    EventType("action.approval_refused", action.ActionRefused, (_T.ACTIONS,)),
    EventType("action.preview_refused", action.ActionRefused, (_T.ACTIONS,)),
    EventType("action.claimed", action.ActionClaimed, (_T.ACTIONS, _T.GOVERNANCE)),
    EventType("action.verified", action.ActionVerified, (_T.ACTIONS,)),
    EventType("action.finished", action.ActionFinished, (_T.ACTIONS, _T.GOVERNANCE)),
    EventType("action.concluded", action.ActionFinished, (_T.DECISIONS,)),
    EventType("policy.changed", system.PolicyChanged, (_T.POLICIES,), version=3),
    EventType("silence.created", silence.SilenceCreated, (_T.SILENCES,)),
    EventType("silence.ended", silence.SilenceEnded, (_T.SILENCES,)),
    EventType("silence.refused", silence.SilenceRefused, (_T.SILENCES,)),
    EventType("token.issued", access.TokenIssued, (_T.TOKENS,)),
    EventType("token.revoked", access.TokenRevoked, (_T.TOKENS,)),
    EventType("audit.recorded", access.AuditRecorded, (_T.AUDIT,)),
    EventType("request.claimed", request.RequestClaimed, (_T.REQUESTS,)),
    EventType("request.settled", request.RequestSettled, (_T.REQUESTS,)),
    EventType("timer.set", system.TimerSet, (_T.TIMERS,)),
    EventType("record.dead_lettered", system.DeadLetter, (_T.DEAD_LETTERS,)),
    EventType("record.skipped", system.RecordSkipped, (_T.DEAD_LETTERS,)),
    EventType("step.cut_over", system.StepCutOver, (_T.DEAD_LETTERS,), version=2),
    EventType("record.discarded", system.RecordDiscarded, (_T.DEAD_LETTERS,)),
    EventType("record.redriven", system.RecordRedriven, (_T.DEAD_LETTERS, _T.TELEMETRY)),
    EventType("record.readmitted", system.RecordReadmitted, (_T.DEAD_LETTERS,)),
    EventType("record.redrive_refused", system.RedriveRefused, (_T.DEAD_LETTERS,)),
)

EVENT_TYPES: Final[dict[str, EventType]] = {t.name: t for t in _TYPES}
BY_DATA: Final[dict[type[msgspec.Struct], EventType]] = {}
for _type in reversed(_TYPES):
    BY_DATA[_type.data] = _type


def event_type(name: str) -> EventType:
    """Return the type called `name`; every action's own type carries a `Command`."""
    known = EVENT_TYPES.get(name)
    return known or EventType(name, action.Command, (topics.COMMANDS,))


def data_of(data: dict[str, Any], kind: type[_D]) -> _D:
    """Return an event's data as its struct."""
    return msgspec.convert(data, kind)
