"""Actions: from proposal to verified outcome, and what people say to them."""

from __future__ import annotations

from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import Body, Moment, View
from api.schemas.limits import AN_ID
from projections.queries.actions import ActionRow
from projections.read_models.action import State

OLD_AFTER_S: Final = 300.0
"""For so long a dry run tells what would be done now; then somebody should look again."""
STAGES = ("proposed", "awaiting", "queued", "granted", "claimed", "verified", "finished", "refused")


class ActionsAsked(BaseModel):
    """Which actions are asked for; as `projections.queries.actions.ActionQuery`."""

    states: list[State] = Field(default_factory=list, alias="state", description="One or more.")
    agent_id: str | None = Field(None, alias="agent", description="An agent's id.")
    finding_id: str | None = Field(
        None, alias="finding", description="A finding's or a request's id."
    )
    action: str | None = None


class CandidateView(View):
    """One action that was weighed, with its scores."""

    action: str = Field(examples=["service.restart"])
    improvement: float = Field(description="Share of the deviation it should remove, 0 to 1.")
    success_probability: float
    expected_value: float
    risk: float
    score: float
    mode: str
    rejected: str = Field(description="Why it lost; empty for the chosen one.")


class ApprovalView(View):
    """What a person said to an action."""

    event_id: str = Field(default="", description="Of the event that gave it, where it is known.")
    action_id: str
    approved: bool
    by: str
    reason: str
    preview_hash: str
    seen: str = Field(
        default="", description="The digest of the dry run that they looked at; or empty."
    )
    exactly: bool = Field(default=False, description="Whether only just that may be done.")
    at: Moment
    refused: str = Field(
        default="", description="Why the answer does not count, by a stable name; or empty."
    )
    detail: str = Field(default="", description="The same for a person.")


class PreviewView(View):
    """What an action would do, by a dry run of the node that would do it.

    It is *fresh*; *old*, where it is of more than five minutes ago (while the action waits; before
    it was answered, later); or *missing*, where the node has not told yet.
    """

    state: Literal["fresh", "old", "missing"]
    note: str = Field(description="Of what is old, missing or would be refused: why, for a person.")
    steps: list[str] = Field(examples=[["start redis-server"]])
    digest: str = Field(description="Hand it in as `seen` when answering.")
    refused: str = Field(description="Why it would be refused now, by a stable name; or empty.")
    host: str
    asked_at: Moment | None
    at: Moment | None = Field(description="When the node looked.")

    @classmethod
    def of(cls, row: ActionRow, now: float) -> Self | None:
        """Return what is known of it at `now`; None for what never waited for a person."""
        if row.awaiting_at is None and not row.preview:
            return None
        told, until = row.preview, min(now, row.granted_at or now, row.refused_at or now)
        at = told.get("at")
        state = "missing" if at is None else "old" if until - at > OLD_AFTER_S else "fresh"
        notes = {
            "missing": "its node has not told yet; if it does not within seconds, see that it runs",
            "old": "much may have changed since; ask for it anew",
            "fresh": "",
        }
        return cls(
            state=state,
            note=told.get("detail") or notes[state],
            steps=told["preview"].splitlines() if told else [],
            digest=told.get("digest", ""),
            refused=told.get("refused", ""),
            host=told.get("host", row.host),
            asked_at=row.preview_asked_at,
            at=at,
        )


class ActionView(View):
    """One action with its scores, the candidates that lost, and what came of it."""

    action_id: str
    tenant_id: str
    agent_id: str
    action: str = Field(examples=["service.restart"])
    host: str
    state: str = Field(examples=["awaiting"])
    mode: str
    risk: float | None
    score: float | None
    attempt: int
    finding_id: str
    finding_kind: str
    severity: str
    parameters: dict[str, Any]
    candidates: list[CandidateView]
    group: str
    depends_on: list[str]
    timeout_s: float | None
    policy_version: int
    policy_hash: str
    requested_by: str
    reason: str
    detail: str
    approvals: list[ApprovalView]
    approved_by: str
    preview_hash: str
    preview: PreviewView | None = Field(
        description="What it would do, where it waits for a person or did."
    )
    expires_at: Moment | None
    retry_at: Moment | None
    outcome: str
    verified: bool
    check: str
    duration_s: float | None
    evidence: dict[str, Any]
    stages: dict[str, Moment] = Field(description="When it reached each stage.")
    correlation_id: str
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, row: ActionRow, now: float) -> Self:
        """Return the view of a row at `now`, in seconds since the epoch."""
        plain = {name: getattr(row, name) for name in cls.model_fields if name != "stages"}
        plain["preview"] = PreviewView.of(row, now)
        # That an answer does not count may be known before the answer is.
        plain["approvals"] = [answer for answer in row.approvals if "by" in answer]
        times = {stage: getattr(row, f"{stage}_at") for stage in STAGES}
        return cls.model_validate(
            plain | {"stages": {stage: at for stage, at in times.items() if at is not None}}
        )


class ActionRequest(Body):
    """Ask for an action; every guard still stands."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"action": "service.restart", "target": "web-1", "parameters": {}}
        },
    )

    action: str = Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$", max_length=100)
    target: str = Field(description="The agent's id.", json_schema_extra=AN_ID)
    parameters: dict[str, Any] = Field(default_factory=dict)


class Answer(Body):
    """A person's answer to what waits for one."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"reason": "quiet hour, go ahead"}}
    )

    reason: str = Field(min_length=1, max_length=1000)
    preview_hash: str = Field(
        default="",
        max_length=64,
        description="Of the preview that was looked at; the answer binds to it.",
    )
    seen: str = Field(
        default="",
        max_length=64,
        description="The digest of the dry run that was looked at; refused where there is another.",
    )
    exactly: bool = Field(
        default=False,
        description="Whether to do nothing where a dry run would say something else by then.",
    )
