"""One run of the simulator: a fleet, its faults and its records, from one seed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from streams.contracts.record import Outgoing
from streams.simulator.encode import Encoder, write_truth
from streams.simulator.faults import inject
from streams.simulator.fleet import Fleet, Frame
from streams.simulator.scenarios import faults_of


class Run:
    """Everything that a seed decides.

    Parameters
    ----------
    agents, seed
        Of the `Fleet`.
    scenario : str
        One of `streams.simulator.scenarios.SCENARIOS`.
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
        self.fleet = Fleet(agents, seed)
        self.faults = faults_of(scenario, self.fleet, start, duration_s)

    def frames(self) -> Iterator[Frame]:
        """Yield what the fleet measures, faults included; the same at every call."""
        healthy = self.fleet.frames(self.start, self.interval_s, self.duration_s)
        return inject(healthy, self.faults)

    def batches(self) -> Iterator[tuple[float, list[Outgoing]]]:
        """Yield for each frame the simulated seconds since the start, and its records."""
        encoder = Encoder(self.fleet)
        for frame in self.frames():
            yield frame.at - self.start, encoder.records(frame)

    def write_truth(self, path: Path) -> None:
        """Write the injected faults to `path`, as JSON lines."""
        with path.open("w", encoding="utf-8") as out:
            write_truth(out, self.fleet, self.faults)
