"""A fleet as columns: ten thousand agents are one small answer."""

from __future__ import annotations

from pydantic import Field

from api.schemas.common import View


class FleetView(View):
    """The same place in each list is the same agent; ordered by type, then id."""

    agent_id: list[str] = Field(examples=[["web-1"]])
    agent_type: list[str] = Field(examples=[["service"]])
    status: list[str] = Field(examples=[["active"]])
    health: list[str] = Field(examples=[["healthy"]])
    score: list[float | None] = Field(examples=[[100.0]])
    host: list[str] = Field(examples=[["node-7"]])
