"""What a step's records follow from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from streams.contracts.record import Record


class Work(NamedTuple):
    """One fold, as far as traces are concerned.

    Parameters
    ----------
    since_ns : int
        When it began, in nanoseconds since the epoch.
    records : sequence of Record
        What was folded: of one partition, ascending.
    """

    since_ns: int
    records: Sequence[Record]
