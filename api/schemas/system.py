"""The installation's own parts, and records that were not accepted."""

from __future__ import annotations

from pydantic import Field

from api.schemas.common import Body, Moment, View


class PartView(View):
    """One part of the installation; `agents` are those as which it reports of itself."""

    status: str
    detail: str
    last_seen: Moment | None
    figures: dict[str, float]
    agents: list[str]


class SystemHealthView(View):
    """The worst state of all parts, and each of them."""

    status: str
    at: Moment
    components: dict[str, PartView]


class ReachedView(View):
    """Whether what follows from a position can be read."""

    position: str
    reached: bool


class DeadLetterView(View):
    """A record that was not accepted; key, value and header values are base64.

    `stamped` is when it first came. Where `kind` is ``redriven``, `outcome` says what came of that:
    ``readmitted``, or ``refused`` and another one is `redrive_of` this one.
    """

    event_id: str
    kind: str
    step: str
    reason: str
    detail: str
    topic: str
    partition: int
    offset: int
    key: str
    value: str
    headers: list[tuple[str, str]]
    truncated: bool
    at: Moment
    redrive_of: str
    outcome: str
    stamped: Moment | None


class Discard(Body):
    """Why nothing is to come of a record; it stays on record."""

    reason: str = Field(min_length=1, max_length=500, examples=["the sender was mended"])
