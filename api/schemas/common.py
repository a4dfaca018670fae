"""What several nouns share: moments, pages, receipts."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Final, Generic, TypeVar, get_type_hints

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from projections.queries.paging import MAX_LIMIT
from streams.contracts.envelope import rfc3339
from streams.contracts.errors import InvalidField
from streams.contracts.telemetry import parse_time

T = TypeVar("T")
Plain = dict[str, Any]
"""An answer as JSON has it."""
_NUMBER: Final = re.compile(r"-?\d+(\.\d*)?([eE][+-]?\d+)?", re.ASCII)
_SECONDS: Final = (int, float)
_COUNTED: Final = {"minimum": -62_135_596_800, "exclusiveMaximum": 253_402_300_800}
"""Years 1 to 9999, in seconds since the epoch."""


def shown(at: Any) -> Any:
    """Return seconds since the epoch as text; anything else, such as None, as it is."""
    return rfc3339(at) if isinstance(at, _SECONDS) else at


def _instant(at: Any) -> Any:
    try:
        seconds = parse_time(float(at) if _NUMBER.fullmatch(str(at)) else str(at))
        return dt.datetime.fromtimestamp(seconds, dt.UTC)
    except InvalidField as error:
        raise ValueError(error.detail) from error
    except (OverflowError, OSError) as error:
        raise ValueError(f"{at} is in no year that is counted; use 1 to 9999") from error


def _whole(number: Any) -> Any:
    return int(number) if isinstance(number, float) and number.is_integer() else number


Moment = Annotated[
    str,
    BeforeValidator(shown),
    Field(examples=["2026-11-21T03:14:15.926535Z"], json_schema_extra={"format": "date-time"}),
]
"""Epoch seconds inside, RFC 3339 in UTC outside."""
Instant = Annotated[
    dt.datetime,
    BeforeValidator(_instant),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "format": "date-time"}, {"type": "number", **_COUNTED}],
            "examples": ["2026-11-21T03:14:15Z"],
        }
    ),
]
"""A moment in a request: RFC 3339 with an offset, or seconds since the epoch."""
Whole = Annotated[int, BeforeValidator(_whole)]
"""An integer in a body; JSON does not tell 7.0 from 7."""
Lasting = Annotated[int, Field(ge=1, le=10**9), BeforeValidator(_whole)]
"""A duration in a body, in whole seconds."""
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="The longest page wanted.")]
MAX_SEQ: Final = (1 << 53) - 1
"""The largest that every reader of JSON keeps; a greater one is refused, not searched for."""
Cursor = Annotated[str | None, Field(max_length=2000, description="`next` of an earlier page.")]


class View(BaseModel):
    """An answer, filled from a row of the projections."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def plain(cls, row: Any) -> Plain:
        """Return a row as its answer shows it: what the model would say of it, without a model.

        A row comes typed from a table of ours, and is checked against nothing more; a view of
        other views lays them out itself.
        """
        names, values, moments = _laid_out(cls)
        told = dict(zip(names, values(row), strict=True))
        for name in moments:
            if (at := told[name]) is not None:
                told[name] = rfc3339(at)
        return told


@cache
def _laid_out(view: type[View]) -> tuple[tuple[str, ...], Callable[[Any], Any], tuple[str, ...]]:
    """Return a view's names, what gives their values of a row, and which of them are moments."""
    hints = get_type_hints(view, include_extras=True)
    names = tuple(view.model_fields)
    moments = tuple(name for name in names if hints[name] in (Moment, Moment | None))
    return names, attrgetter(*names), moments


class PageAsked(BaseModel):
    """Which page of a list is asked for."""

    limit: Limit = 100
    cursor: Cursor = None


Paging = Annotated[PageAsked, Query()]
"""The parameters `limit` and `cursor` of a list."""


class Body(BaseModel):
    """A request's body; unknown keys are refused, and so is a text where a number is asked for."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Listing(BaseModel, Generic[T]):
    """One page of a list; hand `next` in as `cursor` for the one after."""

    items: list[T]
    next: str | None = None


def listed(items: list[Plain], following: str | None) -> Plain:
    """Return a page of what `View.plain` gave, as `Listing` has it."""
    return {"items": items, "next": following}


class Receipt(BaseModel):
    """It is in the log; what follows from it shows later.

    `position` is opaque: hand it in as `wait_for` of a read to be answered once the views show
    this record (not what a step makes of it later; that has the same correlation id).
    """

    position: str = Field(examples=["telemetry/2/1187/0"])
    event_id: str | None = Field(default=None, description="The id of the event written.")
