"""The policy in force, and a change of it."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from api.schemas.common import Body, Moment, View, Whole


class PolicyView(View):
    """A policy with who put it in force, and when."""

    version: int
    hash: str
    policy: dict[str, Any]
    changed_by: str
    reason: str
    changed_at: Moment | None = None


class PolicyChange(Body):
    """A whole policy; its version is given by the installation."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "policy": {"limits": {"max_concurrent": 2}},
                "reason": "a quieter first week",
                "replaces": 1,
            }
        },
    )

    policy: dict[str, Any]
    reason: str = Field(min_length=1, max_length=1000)
    replaces: Whole | None = Field(
        default=None, description="The version that was looked at; refused where it is outdated."
    )


class PolicyReceipt(View):
    """The policy is in the log, and in every inbox."""

    version: int
    hash: str
    event_id: str
    position: str = Field(
        description="Opaque; a read with `wait_for` shows it.", examples=["policies/0/3/0"]
    )
