"""Incidents: findings that belong together, and where it most likely began."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from api.schemas.common import Moment, View
from api.schemas.responses import AcknowledgementView, CommentView

Status = Literal["open", "recovering", "closed"]


class IncidentsAsked(BaseModel):
    """Which incidents are asked for; as `projections.queries.incidents.IncidentQuery`."""

    status: Literal["active", "open", "recovering", "closed"] | None = Field(
        None, description="active: whatever is not closed."
    )
    severity: str | None = None
    agent_id: str | None = Field(None, alias="agent", description="An agent's id.")
    acknowledged: bool | None = Field(
        None, description="Whether somebody looks after it, or did when it was closed."
    )
    assigned_to: str | None = Field(None, description="Who is to look after it.")


class RootView(View):
    """Where an incident most likely began.

    `confidence` is 0 to 1: how far it leads the other candidates. It is no probability.
    """

    agent: str = Field(examples=["default/db"])
    finding_id: str
    reason: str
    confidence: float


class PossibleRoot(View):
    """An agent at which an incident may have begun; `score` is 0 to 1."""

    agent: str
    finding_id: str
    reason: str
    score: float


class MemberView(View):
    """A finding of an incident, and why it is one."""

    finding_id: str
    agent: str
    kind: str
    metric: str
    severity: str
    since: Moment
    ended_at: Moment | None
    because: str = Field(examples=["depends_on"])


class IncidentView(View):
    """An incident as it was last told of.

    `severity` is the worst of its open findings; `candidates` are ranked, the likeliest first, and
    `members` are its findings, the root's first, as many as the policy lists.
    """

    incident_id: str
    tenant_id: str
    title: str
    severity: str = Field(examples=["critical"])
    status: Status
    since: Moment
    opened_at: Moment
    closed_at: Moment | None
    close_reason: str
    merged_into: str
    lasted_s: float | None
    root: RootView | None
    candidates: list[PossibleRoot]
    members: list[MemberView]
    merged: list[str]
    coordinated: bool
    agents: int
    findings: int
    open_findings: int
    withheld: bool = Field(description="Whether silences withhold all that is open of it.")
    acknowledgement: AcknowledgementView | None = Field(
        description="Who looks after it, or did when it was closed."
    )
    assigned_to: str = Field(description="Who is to look after it; empty for nobody.")
    comments: list[CommentView] = Field(description="The latest, oldest first.")
    policy_version: int
    updated_at: Moment


class Happening(View):
    """One entry of an incident's timeline; `what` is the type of the event."""

    at: Moment
    what: str = Field(examples=["finding.raised"])
    agent: str
    event_id: str
    text: str


class IncidentDetail(IncidentView):
    """An incident with what happened in it, oldest first."""

    timeline: list[Happening]
