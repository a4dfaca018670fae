"""The audit trail."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas.common import Moment, View

Outcome = Literal["done", "refused", "failed"]
Level = Literal["info", "notice", "warning", "critical"]


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
