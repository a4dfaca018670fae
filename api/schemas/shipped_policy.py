"""What the release ships otherwise than the policy in force, and what is chosen of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from api.schemas.common import Body, View, Whole

Part = Annotated[str, Field(min_length=1, max_length=400)]


class OfferView(View):
    """One part that this release ships otherwise than the one that was answered last."""

    path: str = Field(description="Its keys with dots between; what has a name in a list, by it.")
    change: Literal["added", "changed", "removed"] = Field(
        description="What taking it does to the policy in force."
    )
    standing: Literal["new", "differs"] = Field(
        description="`new`: nobody touched it here. `differs`: it was changed here as well."
    )
    before: Any = Field(description="As it was shipped when it was answered last.")
    in_force: Any = Field(description="As it is in force.")
    shipped: Any = Field(description="As this release ships it.")


class ShippedPolicyView(View):
    """The policy of this release, held against the one in force."""

    version: int = Field(description="Of the policy in force.")
    hash: str = Field(description="Of the shipped policy.")
    offers: list[OfferView]
    policy: dict[str, Any] = Field(description="The whole shipped policy.")


class ShippedAnswer(Body):
    """Which parts of the shipped policy are taken over, and which are not wanted."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "take": ["surveillance.thresholds.reported_up"],
                "keep": ["limits.max_concurrent"],
                "reason": "looked through after the upgrade",
                "replaces": 4,
            }
        },
    )

    take: list[Part] = Field(
        default=[], description="A path, or what several begin with; `*` is all that is offered."
    )
    keep: list[Part] = Field(default=[], description="Stays as it is, and is offered no more.")
    reason: str = Field(min_length=1, max_length=1000)
    replaces: Whole | None = Field(
        default=None, description="The version that was looked at; refused where it is outdated."
    )
