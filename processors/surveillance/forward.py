"""Heartbeats that reached a foreign partition, moved home once.

A forward wraps the original value, so that its signature covers what the home partition cannot
know: whether the original was signed, and when it was measured.
"""

from __future__ import annotations

import msgspec

from streams.contracts.errors import MalformedRecord, Untrusted
from streams.contracts.record import Outgoing, Position, Record
from streams.contracts.trust import ORIGIN


class Forwarded(msgspec.Struct, frozen=True):
    """A heartbeat on its way home.

    Parameters
    ----------
    trusted : bool
        Whether the original was proven to come from this installation.
    at : float
        When it was measured, as the first partition took it; seconds since the epoch.
    heartbeat : Raw
        The original value.
    ahead : float or None
        By how many seconds its sender's clock was ahead as it reached the log; None where a
        forward of an earlier version does not say.
    """

    trusted: bool
    at: float
    heartbeat: msgspec.Raw
    ahead: float | None = None


_decoder = msgspec.json.Decoder(Forwarded)


def forwarded(
    record: Record, key: str, home: int, at: float, *, trusted: bool, ahead: float
) -> Outgoing:
    """Return the forward of `record` to partition `home`, not yet signed."""
    raw = msgspec.Raw(record.value or b"")
    value = msgspec.json.encode(Forwarded(trusted, at, raw, ahead))
    return Outgoing(record.topic, key.encode(), value, partition=home)


def open_forward(record: Record, seen: dict[str, tuple[int, int]]) -> Forwarded | None:
    """Return what a signed forward carries; None for one that was folded before.

    Parameters
    ----------
    seen : dict
        High-water marks, one for each origin partition; advanced here.
    """
    try:
        origin = Position.parse((record.header(ORIGIN) or b"").decode())
        inner = _decoder.decode(record.value or b"")
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise MalformedRecord("malformed_forward", str(error)) from error
    if (origin.topic, origin.partition) == (record.topic, record.partition):
        raise Untrusted("malformed_forward", "a forward comes from another partition")
    return inner if advance(seen, "forward", origin) else None


def advance(seen: dict[str, tuple[int, int]], source: str, position: Position) -> bool:
    """Say whether `position` of `source` is new, and remember it."""
    name = f"{source}|{position.topic}/{position.partition}"
    mark = (position.offset, position.ordinal)
    if mark <= seen.get(name, (-1, -1)):
        return False
    seen[name] = mark
    return True
