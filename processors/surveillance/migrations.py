"""How what surveillance knew under an earlier version is carried over to the present one.

Each function speaks of one version for ever, in names and values of its own: columns that come or
go later are no business of it. A new version adds the function that leads from the one before,
and keeps a recorded snapshot of that (``python -m tests.histories.upgrades.upgrades``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from processors.migrations import Bytes, Migration, unchanged
from processors.parts import Raw

REST: Final = "rest"
_EVIDENCE: Final = "agents.evidence"


def _places(column: Raw, count: int) -> list[Raw]:
    """Return the places of a wide column, each with the values of all rows."""
    size = len(column) // count
    return [column[first : first + size] for first in range(0, count * size, size)] if size else []


def _evidence_of_hours(parts: Bytes) -> Bytes:
    """Lead from 4 to 5: of an agent, what is seen over hours is kept, and when it paid is not.

    The columns of work lay within the rest.
    """
    *rest, (_, work) = msgspec.msgpack.decode(parts[REST])
    rest[0] = 5
    if places := _places(parts[_EVIDENCE], 22):
        lately = bytes(len(places[0]))
        places = [*places[:4], lately, *places[4:20], places[21]]
    columns = {f"performance.{name}": column for name, column in work.items()}
    columns[_EVIDENCE] = b"".join(places)
    return parts | {REST: msgspec.msgpack.encode(rest)} | columns


MIGRATIONS: Final[Mapping[int, Migration]] = {
    4: _evidence_of_hours,
    5: unchanged,
    6: unchanged,
}
