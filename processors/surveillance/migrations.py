"""How what surveillance knew under an earlier version is carried over to the present one.

Each function speaks of one version for ever, in names and values of its own: columns that come or
go later are no business of it. A new version adds the function that leads from the one before,
and keeps a recorded snapshot of that (``python -m tests.histories.upgrades.upgrades``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from processors.migrations import Bytes, Migration

REST: Final = "rest"


def formatted(parts: Bytes, number: int) -> Bytes:
    """Return `parts` under another format's number, where the rest of them lies as before."""
    rest: list[Any] = msgspec.msgpack.decode(parts[REST])
    rest[0] = number
    return parts | {REST: msgspec.msgpack.encode(rest)}


def with_column(parts: Bytes, name: str, like: str, width: int, blank: bytes) -> Bytes:
    """Return `parts` with a new column, of as many rows as the column `like` has.

    Parameters
    ----------
    width : int
        Bytes that one row of `like` takes.
    blank : bytes
        What each row of the new one holds, little endian. Of a column with several places each
        one lies by itself: add them place by place.
    """
    return parts | {name: parts.get(name, b"") + blank * (len(parts[like]) // width)}


def _work_in_columns(parts: Bytes) -> Bytes:
    """Lead from 4 to 5: the columns of work lay within the rest."""
    *rest, (_, work) = msgspec.msgpack.decode(parts[REST])
    rest[0] = 5
    columns = {f"performance.{name}": column for name, column in work.items()}
    return parts | {REST: msgspec.msgpack.encode(rest)} | columns


MIGRATIONS: Final[Mapping[int, Migration]] = {4: _work_in_columns}
