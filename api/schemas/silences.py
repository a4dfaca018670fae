"""Silences and maintenance windows: what is asked for, previewed and listed."""

from __future__ import annotations

from typing import Any, Final, Literal, Self

import msgspec
from pydantic import ConfigDict, Field, JsonValue

from api.schemas.common import Body, Instant, Lasting, Moment, Receipt, View, Whole
from projections.queries.silences import SilenceRow
from streams.contracts.events.silence import Matcher, SilenceCreated

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
NAME: Final = r"^(agent|type|host|group|kind|metric|severity|rule|label\.[A-Za-z0-9_.:/-]{1,64})$"
ZONE: Final = r"^[A-Za-z][A-Za-z0-9_+-]{0,40}(/[A-Za-z0-9_+-]{1,40}){0,2}$"
_WEEK_S: Final = 604_800
_NIGHTLY: Final[JsonValue] = {
    "matchers": [{"name": "group", "value": "web|cache"}],
    "recurrence": {"days": ["sun"], "start": "02:30", "lasts_s": 3600, "time_zone": "UTC"},
    "maintenance": True,
    "reason": "the weekly upgrade",
}


class MatcherBody(Body):
    """A condition on findings: all of a silence's must hold.

    `value` may hold patterns: `*` stands for any characters, `?` for one, `|` is between
    alternatives.
    """

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"name": "agent", "value": "web-*"}}
    )

    name: str = Field(pattern=NAME, examples=["agent"])
    value: str = Field(min_length=1, max_length=500, examples=["web-*"])
    negated: bool = Field(default=False, description="Whether it must not match.")

    @property
    def said(self) -> Matcher:
        """The condition as the log has it."""
        return Matcher(self.name, self.value, self.negated)


class RecurrenceBody(Body):
    """Windows that come back on days of the week."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"days": ["sun"], "start": "02:30", "lasts_s": 3600}},
    )

    days: list[Day] = Field(min_length=1, max_length=7)
    start: str = Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["02:30"])
    lasts_s: Whole = Field(ge=60, le=_WEEK_S, description="How long each lasts.")
    time_zone: str = Field(
        default="UTC", pattern=ZONE, description="By whose clock, as the IANA database names it."
    )

    @property
    def start_s(self) -> int:
        """Seconds after midnight."""
        hours, _, minutes = self.start.partition(":")
        return int(hours) * 3600 + int(minutes) * 60


class SilencePreview(Body):
    """Which findings a silence with these matchers would withhold now."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"matchers": [{"name": "agent", "value": "web-*"}]}},
    )

    matchers: list[MatcherBody] = Field(default=[], max_length=20)


class SilenceRequest(SilencePreview):
    """A silence to make: from when until when, about what, and why."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _NIGHTLY})

    reason: str = Field(min_length=1, max_length=1000)
    starts_at: Instant | None = Field(default=None, description="Default: now.")
    ends_at: Instant | None = Field(
        default=None, description="This or `lasts_s`; what recurs may do without, for a year."
    )
    lasts_s: Lasting | None = Field(default=None, description="Seconds.")
    recurrence: RecurrenceBody | None = None
    maintenance: bool = Field(
        default=False, description="Whether automatic actions are held back as well."
    )
    everything: bool = Field(
        default=False, description="Say so where no matcher leaves anything out; asks for admin."
    )


class MatcherView(View):
    """A condition on findings."""

    name: str = Field(examples=["agent"])
    value: str = Field(examples=["web-*"])
    negated: bool


class RecurrenceView(View):
    """Windows that come back on days of the week."""

    days: list[Day]
    start: str = Field(examples=["02:30"])
    lasts_s: int
    time_zone: str

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Self:
        """Return the view of what the log holds."""
        minutes = plain["start_s"] // 60
        return cls(
            days=[DAYS[day] for day in plain["days"]],
            start=f"{minutes // 60:02}:{minutes % 60:02}",
            lasts_s=plain["lasts_s"],
            time_zone=plain["time_zone"],
        )


class SilenceView(View):
    """A silence, as it is or was at the moment asked for."""

    silence_id: str = Field(examples=["silence-1"])
    tenant_id: str
    state: Literal["active", "pending", "expired", "ended", "refused"]
    matchers: list[MatcherView]
    recurrence: RecurrenceView | None
    maintenance: bool
    starts_at: Moment
    ends_at: Moment
    turns_at: Moment | None = Field(
        description="When it begins, or ceases, to be in force next; none where it is over."
    )
    reason: str
    created_by: str
    created_at: Moment
    ended_by: str
    ended_at: Moment | None
    end_reason: str

    @classmethod
    def of(cls, row: SilenceRow, at: float) -> Self:
        """Return the view of a row at a moment."""
        plain = msgspec.structs.asdict(row)
        over = row.ended_at is not None and row.ended_at <= at
        unknown = {} if over else {"ended_at": None, "ended_by": "", "end_reason": ""}
        return cls.model_validate(
            plain
            | unknown
            | {
                "state": row.state(at),
                "turns_at": row.turns_at(at),
                "recurrence": RecurrenceView.of(row.recurrence) if row.recurrence else None,
            }
        )


class Silenced(View):
    """What a silence would withhold now.

    `findings` are the newest of those that match, `agents` whom they are about.
    """

    matching: int = Field(description="Open findings that match.")
    open: int = Field(description="Open findings that were looked at.")
    agents: list[str] = Field(examples=[["web-1"]])
    findings: list[str] = Field(examples=[["finding-1"]], description="Ids; at most 100.")


class SilenceReceipt(Receipt):
    """It is in the log, and on its way to those who act."""

    silence_id: str
    starts_at: Moment
    ends_at: Moment

    @classmethod
    def told(cls, said: SilenceCreated, position: str) -> Self:
        """Return the receipt of a silence."""
        return cls(
            position=position,
            event_id=said.silence_id,
            silence_id=said.silence_id,
            starts_at=said.starts_at,
            ends_at=said.ends_at,
        )
