"""One run of the simulator: a fleet, its faults and its records, from one seed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streams.contracts.record import Outgoing
from streams.contracts.topics import TELEMETRY
from streams.simulator.encode import Encoder, in_order, write_truth
from streams.simulator.faults import inject
from streams.simulator.fleet import Block, Fleet, mixed_members, moments
from streams.simulator.scenarios import faults_of

_ROWS_TOGETHER: Final = 4000
"""Heartbeats made at once: enough for vectors, few enough for the first to come at once."""


class Run:
    """Everything that a seed decides.

    Parameters
    ----------
    agents, seed
        Of the `Fleet`.
    scenario : str
        A set of scenarios, or one of `streams.simulator.catalogue.CATALOGUE`.
    start : float
        When it begins, seconds since the epoch.
    interval_s, duration_s : float
        How often each agent reports, and for how long.

    Raises
    ------
    ValueError
        If there is no such scenario, or no agent.
    """

    def __init__(
        self,
        agents: int,
        seed: int,
        scenario: str,
        start: float,
        interval_s: float,
        duration_s: float,
    ) -> None:
        self.start = start
        self.interval_s = interval_s
        self.duration_s = duration_s
        self.fleet = Fleet(mixed_members(agents), seed)
        self.faults = faults_of(scenario, self.fleet, start, duration_s)

    def blocks(self) -> Iterator[Block]:
        """Yield what the fleet measures, faults included; the same at every call."""
        frames = max(1, round(self.duration_s / self.interval_s))
        together = max(1, _ROWS_TOGETHER // len(self.fleet))
        times = moments(self.start, self.interval_s, frames, together)
        return inject(self.fleet, times, self.faults)

    def batches(self) -> Iterator[tuple[float, list[Outgoing]]]:
        """Yield for each frame the simulated seconds since the start, and its records."""
        encoder, topic = Encoder(self.fleet), TELEMETRY.name
        sent = (frame for block in self.blocks() for frame in encoder.frames(block))
        for at, arrived in in_order(sent):
            yield at - self.start, [Outgoing(topic, each.key, each.value) for each in arrived]

    def write_truth(self, path: Path) -> None:
        """Write the injected faults to `path`, as JSON lines."""
        with path.open("w", encoding="utf-8") as out:
            write_truth(out, self.fleet, self.faults)
