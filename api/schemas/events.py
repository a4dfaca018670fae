"""Events as they lie in the log."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from api.schemas.common import Moment, View


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
