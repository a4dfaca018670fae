"""The typed data of an event, as a fold expects it."""

from __future__ import annotations

from typing import TypeVar

from projections.rows import Seen

D = TypeVar("D")


def data_as(seen: Seen, *kinds: type[D]) -> D:
    """Return the data of `seen`, of one of `kinds`: the registry has paired it with its type.

    Raises
    ------
    TypeError
        Where a fold is entered under a type of other data: an error of this code.
    """
    if isinstance(seen.data, kinds):
        return seen.data
    wanted = " or ".join(kind.__name__ for kind in kinds)
    raise TypeError(f"{seen.event.type} carries {type(seen.data).__name__}, not {wanted}")
