"""What was read from another system's request."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from streams.contracts.telemetry import Heartbeat


class Undecodable(ValueError):
    """A body is not what its content type says; says why."""


class Read(NamedTuple):
    """What a request says.

    Parameters
    ----------
    heartbeats : list of Heartbeat
        To be written.
    left_out : Counter of str
        How many points were not taken, by reason.
    """

    heartbeats: list[Heartbeat]
    left_out: Counter[str]
