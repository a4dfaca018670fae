"""Which trace an event belongs to, and which span it is: both follow from its ids.

A finding, the decision about it, the command and its outcome share one correlation id, so they
are one trace, whichever processes they came from and however late one was. Each event is one span.
What raised the finding, or was asked for, is the root; a step's event is the child of the record
that it was folded from, which says its span in a header, and an executor's of the command. No step
knows of all this, and a replay that writes the same events means the same spans.

Source: W3C Trace Context, Recommendation of 23 November 2021.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final, NamedTuple

from streams.contracts.envelope import Event

TRACEPARENT: Final = "traceparent"
_SAMPLED: Final = "01"
_EXECUTORS: Final = "/executors/"
_RAISED: Final = "finding.raised"
"""Its correlation id is the finding's."""
_FORM: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")


class SpanId(NamedTuple):
    """A trace of 128 bits and a span of 64 within it; neither is 0."""

    trace: int
    span: int

    def __str__(self) -> str:
        return f"00-{self.trace:032x}-{self.span:016x}-{_SAMPLED}"


def span_of(event: Event) -> SpanId:
    """Return the span that `event` is."""
    own = event.correlationid if _is_root(event) else event.id
    return SpanId(_bits(event.correlationid, 16), _bits(own, 8))


def parent_of(event: Event, source: SpanId | None) -> SpanId | None:
    """Return the span that `event` is a child of; None for a root.

    Parameters
    ----------
    source : SpanId or None
        The span of the record that a step wrote it for.
    """
    if _is_root(event):
        return None
    trace = _bits(event.correlationid, 16)
    if event.source.startswith(_EXECUTORS) and event.causationid:
        return SpanId(trace, _bits(event.causationid, 8))
    if source is not None and source.trace == trace:
        return source
    return SpanId(trace, _bits(event.correlationid, 8))


def _is_root(event: Event) -> bool:
    return event.id == event.correlationid or event.type == _RAISED


def read(traceparent: str) -> SpanId | None:
    """Return the span that a caller's header names; None where it names none.

    Examples
    --------
    >>> str(read("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    >>> read("00-00000000000000000000000000000000-b7ad6b7169203331-01") is None
    True
    """
    parts = _FORM.fullmatch(traceparent)
    if parts is None or traceparent.startswith("ff"):
        return None
    found = SpanId(int(parts[1], 16), int(parts[2], 16))
    return found if all(found) else None


def _bits(text: str, size: int) -> int:
    digest = hashlib.sha256(text.encode()).digest()[:size]
    return int.from_bytes(digest, "big") or 1
