"""What several nouns share: moments, pages, receipts."""

from __future__ import annotations

from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from projections.queries.paging import MAX_LIMIT
from streams.contracts.envelope import rfc3339

T = TypeVar("T")


def _shown(at: Any) -> Any:
    return rfc3339(at) if isinstance(at, int | float) else at


Moment = Annotated[str, BeforeValidator(_shown), Field(examples=["2026-11-21T03:14:15.926535Z"])]
"""Epoch seconds inside, RFC 3339 in UTC outside."""
Instant = Annotated[AwareDatetime, Field(examples=["2026-11-21T03:14:15Z"])]
"""A moment in a request: RFC 3339 with an offset."""
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="The longest page wanted.")]
MAX_SEQ: Final = (1 << 63) - 1
"""The largest number that the database can hold; a greater one is refused, not searched for."""
Cursor = Annotated[str | None, Field(max_length=2000, description="`next` of an earlier page.")]


class View(BaseModel):
    """An answer, filled from a row of the projections."""

    model_config = ConfigDict(from_attributes=True)


class Body(BaseModel):
    """A request's body; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")


class Listing(BaseModel, Generic[T]):
    """One page of a list; hand `next` in as `cursor` for the one after."""

    items: list[T]
    next: str | None = None


class Receipt(BaseModel):
    """It is in the log; what follows from it shows later.

    `position` is opaque: hand it in as `wait_for` of a read to be answered once the views show
    this record (not what a step makes of it later; that has the same correlation id).
    """

    position: str = Field(examples=["telemetry/2/1187/0"])
    event_id: str | None = Field(default=None, description="The id of the event written.")
