"""Findings, and the chain of what followed from one."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from api.schemas.common import Body, Moment, Plain, View
from api.schemas.events import EventView
from api.schemas.responses import (
    AcknowledgementView,
    CommentView,
    acknowledgement_of,
    comments_of,
)
from projections.queries.findings import FindingRow
from streams.contracts.envelope import rfc3339


class FindingsAsked(BaseModel):
    """Which findings are asked for; as `projections.queries.findings.FindingQuery`."""

    state: Literal["open", "ended"] | None = None
    kind: str | None = None
    severity: str | None = None
    agent_id: str | None = Field(None, alias="agent", description="An agent's id.")
    silenced: bool | None = Field(
        None, description="Whether a silence withholds it, or did when it ended."
    )
    acknowledged: bool | None = Field(
        None, description="Whether somebody looks after it, or did when it ended."
    )
    assigned_to: str | None = Field(None, description="Who is to look after it.")


class SeverityChange(View):
    """When a finding took which severity."""

    at: Moment
    severity: str


class FindingView(View):
    """Something judged wrong, with its evidence."""

    finding_id: str
    tenant_id: str
    agent_id: str
    agent_type: str
    kind: str = Field(examples=["service_down"])
    severity: str = Field(examples=["critical"])
    metric: str
    value: float | None
    expected_low: float | None
    expected_high: float | None
    reaches_limit_at: Moment | None = Field(
        description="Of a climb: when it reaches its limit, if it goes on."
    )
    one_in: int | None = Field(
        description="Of an anomaly: about one of so many records is as unusual."
    )
    rule: str = Field(description="Of a threat: the rule that was broken; otherwise empty.")
    summary: str
    drivers: list[str]
    labels: dict[str, str]
    severities: list[SeverityChange]
    policy_version: int
    since: Moment | None
    raised_at: Moment
    ended_at: Moment | None
    end_reason: str
    lasted_s: float | None
    silence_id: str = Field(
        description="The silence that keeps it from asking for attention; otherwise empty."
    )
    silenced_by: str = Field(description="Who made that silence.")
    silenced_until: Moment | None
    acknowledgement: AcknowledgementView | None = Field(
        description="Who looks after it, or did when it ended."
    )
    assigned_to: str = Field(description="Who is to look after it; empty for nobody.")
    comments: list[CommentView] = Field(description="The latest, oldest first.")

    @field_validator("severities", mode="before")
    @classmethod
    def _named(cls, pairs: list[object]) -> list[object]:
        return [
            {"at": pair[0], "severity": pair[1]} if isinstance(pair, list | tuple) else pair
            for pair in pairs
        ]

    @classmethod
    def plain(cls, row: FindingRow) -> Plain:
        """Return a row as its answer shows it."""
        told = super().plain(row)
        told["acknowledgement"] = acknowledgement_of(row)
        told["comments"] = comments_of(row)
        told["severities"] = [{"at": rfc3339(at), "severity": s} for at, s in row.severities]
        return told


class Reason(Body):
    """Why a person asks for something."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"reason": "the new release uses more"}}
    )

    reason: str = Field(min_length=1, max_length=1000)


class Link(EventView):
    """One event of a chain.

    `after_ms` counts from the event that it follows from, or from the one before where the
    chain does not hold its cause; `total_ms` from the chain's beginning.
    """

    after_ms: float
    total_ms: float


class Chain(View):
    """Measurement to verified outcome: every cause before what follows from it."""

    finding_id: str
    items: list[Link]
    lasted_ms: float

    @classmethod
    def of(cls, finding_id: str, links: list[Link]) -> Self:
        """Return the chain of `links`."""
        lasted = max((link.total_ms for link in links), default=0.0)
        return cls(finding_id=finding_id, items=links, lasted_ms=lasted)
