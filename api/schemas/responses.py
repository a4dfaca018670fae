"""What people say of findings and incidents: who looks after them, and what they found out."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from api.schemas.common import Body, Moment, Plain, View
from streams.contracts.envelope import rfc3339
from streams.contracts.events.finding import severity_rank


class AcknowledgementView(View):
    """A person knows of it and looks after it."""

    by: str
    at: Moment
    note: str
    severity: str = Field(description="What they acknowledged.", examples=["warning"])
    worse: bool = Field(description="Whether it has become worse than that since.")


class CommentView(View):
    """What a person noted."""

    at: Moment
    by: str
    text: str


class Assignment(Body):
    """Who is to look after it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"to": "ann", "reason": "knows the cache"}},
    )

    to: str = Field(max_length=200, description="A name; empty for nobody.")
    reason: str = Field(default="", max_length=1000)


class Comment(Body):
    """Something to note about it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"text": "the disk was swapped at noon"}}
    )

    text: str = Field(min_length=1, max_length=4000)


def acknowledgement_of(row: Any) -> Plain | None:
    """Return who looks after what a row tells of, or did when it was over; None for nobody."""
    told: Plain = row.acknowledgement
    if not told:
        return None
    worse = severity_rank(row.severity) < severity_rank(told["severity"])
    return told | {"at": rfc3339(told["at"]), "worse": worse}


def comments_of(row: Any) -> list[Plain]:
    """Return what was noted, oldest first."""
    return [comment | {"at": rfc3339(comment["at"])} for comment in row.comments]
