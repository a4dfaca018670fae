"""What is asked of many agents at once: previewed, asked for, and what became of it."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import ConfigDict, Field

from api.schemas.agents import AgentFilter
from api.schemas.common import Body, Moment, Receipt, View, Whole
from api.schemas.limits import AN_ID
from processors.lifecycle.transitions import Status

MOST: Final = 1000
"""Agents that one operation may touch: more is not looked through by a person."""
Operation = Literal["maintenance", "release", "quarantine", "decommission", "relearn"]
BECOMES: Final[dict[str, Status]] = {
    "maintenance": Status.MAINTENANCE,
    "release": Status.ACTIVE,
    "quarantine": Status.QUARANTINED,
    "decommission": Status.DECOMMISSIONING,
}
"""The status that an operation asks for; to learn anew asks for none."""
_EXAMPLE: Final[dict[str, Any]] = {"operation": "maintenance", "where": {"label": ["rack=7"]}}


class Chosen(AgentFilter):
    """Conditions that choose agents; all must hold, and there must be one."""

    model_config = ConfigDict(extra="forbid")


class OperationPreview(Body):
    """Which agents an operation would touch: those that are named, or those that are chosen."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _EXAMPLE})

    operation: Operation
    agents: list[str] = Field(
        default=[], max_length=MOST, json_schema_extra={"items": {"type": "string", **AN_ID}}
    )
    where: Chosen | None = None


class OperationRequest(OperationPreview):
    """Ask the same of many agents."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": _EXAMPLE | {"expected": 4, "reason": "new power supply"}},
    )

    reason: str = Field(min_length=1, max_length=300)
    expected: Whole = Field(
        ge=1, le=MOST, description="How many it touches, as the preview says: otherwise nothing is."
    )


class Touched(View):
    """Which agents an operation would touch, and how many would refuse it as they are now."""

    agents: list[str] = Field(examples=[["web-1"]])
    touched: int
    allowed: int
    refused: dict[str, int] = Field(
        description="How many would refuse, by why: already_there, illegal_transition, final_state."
    )


class OperationReceipt(Receipt):
    """It is in the log; `GET /operations/{operation_id}` tells what became of it."""

    operation_id: str
    touched: int


class OutcomeView(View):
    """What became of it at one agent."""

    agent_id: str
    state: Literal["done", "refused", "asked"] = Field(
        description="asked: nothing has answered yet; to learn anew is not answered."
    )
    detail: str = Field(description="Of what is refused: why, and how it stands.")


class OperationView(View):
    """An operation, and what became of it."""

    operation_id: str
    operation: str
    chosen_by: dict[str, str]
    reason: str
    requested_by: str
    at: Moment
    touched: int
    counts: dict[str, int] = Field(description="Agents by state: done, refused, asked.")
    outcomes: list[OutcomeView]
