"""The typed data of an event, as a fold expects it."""

from __future__ import annotations

from typing import TypeVar

from projections.rows import Seen

D = TypeVar("D")


def data_as(seen: Seen, kind: type[D]) -> D:
    """Return the data of `seen`, which the registry has paired with its type.

    Raises
    ------
    TypeError
        Where a fold is entered under a type of other data: an error of this code.
    """
    if not isinstance(seen.data, kind):
        raise TypeError(
            f"{seen.event.type} carries {type(seen.data).__name__}, not {kind.__name__}"
        )
    return seen.data
