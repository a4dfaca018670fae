"""The request under way, as far as traces are concerned."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final, NamedTuple

from streams.traces.naming import SpanId


class Caller(NamedTuple):
    """Since when a request is served (nanoseconds since the epoch), and what its sender traces."""

    since_ns: int
    span: SpanId | None


CALLER: Final[ContextVar[Caller | None]] = ContextVar("caller", default=None)
