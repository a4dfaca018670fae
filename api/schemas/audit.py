"""The audit trail."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from api.schemas.common import Instant, Moment, View
from projections.queries.audit import AuditQuery

Outcome = Literal["done", "refused", "failed"]
Level = Literal["info", "notice", "warning", "critical"]


class RecordsAsked(BaseModel):
    """Which records are asked for."""

    actor: str | None = Field(None, max_length=400)
    action: str | None = Field(
        None, max_length=400, description="An event's type, or `http.METHOD`."
    )
    outcome: Outcome | None = None
    level: Level | None = None
    since: Instant | None = Field(None, description="The first moment wanted.")
    until: Instant | None = Field(None, description="The moment after the last.")

    @property
    def query(self) -> AuditQuery:
        """The same, in seconds since the epoch."""
        return AuditQuery(
            actor=self.actor,
            action=self.action,
            outcome=self.outcome,
            level=self.level,
            since=self.since.timestamp() if self.since else None,
            until=self.until.timestamp() if self.until else None,
        )


class AuditView(View):
    """Who did what, or was not let; `homeostat audit verify` holds the log to its hashes."""

    event_id: str
    tenant_id: str = Field(description="`*` where it concerns the installation.")
    at: Moment
    actor: str
    role: str
    action: str
    resource: str
    outcome: Outcome
    level: Level
    details: dict[str, str]
    writer: str = Field(description="The chain it belongs to.")
    number: int = Field(description="Its place in the chain, from 0.")
    previous: str = Field(description="The hash of the record before it in the chain.")
    hash: str
