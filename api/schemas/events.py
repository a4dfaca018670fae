"""Events as they lie in the log."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from api.schemas.common import MAX_SEQ, Limit, Moment, View


class StreamAsked(BaseModel):
    """Which events are listened for."""

    types: list[str] = Field(
        default_factory=list, alias="type", max_length=50, description="One or more event types."
    )
    subject: str | None = Field(None, max_length=401, description="`tenant/agent`.")


class EventsAsked(StreamAsked):
    """Which events are asked for, and which page of them."""

    after: int = Field(0, ge=0, le=MAX_SEQ, description="Only events with a greater `seq`.")
    before: int | None = Field(
        None,
        ge=1,
        le=MAX_SEQ,
        description="The last events with a smaller `seq`; then `next` leads back.",
    )
    cursor: int | None = Field(None, ge=0, le=MAX_SEQ, description="`next` of an earlier page.")
    limit: Limit = 100


class EventView(View):
    """One fact or command; a stream resumes after its `seq`."""

    seq: int
    id: str
    type: str = Field(examples=["finding.raised"])
    source: str = Field(examples=["/steps/surveillance"])
    subject: str = Field(examples=["default/web-1"])
    tenant_id: str
    time: Moment
    data: dict[str, Any]
    correlation_id: str
    causation_id: str
    topic: str
    partition: int
    offset: int
