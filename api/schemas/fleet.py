"""A fleet as columns: ten thousand agents are one small answer."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from api.schemas.common import View


class FleetView(View):
    """The same place in each list is the same agent; ordered by type, then id."""

    agent_id: list[str] = Field(examples=[["web-1"]])
    agent_type: list[str] = Field(examples=[["service"]])
    status: list[str] = Field(examples=[["active"]])
    health: list[str] = Field(examples=[["healthy"]])
    score: list[float | None] = Field(examples=[[100.0]])
    host: list[str] = Field(examples=[["node-7"]])


class GroupsAsked(BaseModel):
    """By what the fleet is to be grouped."""

    by: Literal[
        "type", "status", "health", "performance", "security", "capability", "protocol", "label"
    ] = "capability"
    label: str = Field("", max_length=64, description="The label's name, where `by` is label.")


class GroupView(View):
    """Agents that have something in common; one that can do two things is in two groups."""

    value: str = Field(examples=["ocr"], description="Empty for those that do not say.")
    agents: int
    health: dict[str, int] = Field(description="Agents by level of health.")
    performance: dict[str, int] = Field(
        description="Agents by level of performance; unknown where they do no work that is told."
    )


class GroupsView(View):
    """The groups, the largest first."""

    by: str
    label: str
    items: list[GroupView]
