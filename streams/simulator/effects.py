"""What faults do: to the load, to what is measured, and to how it arrives.

An effect changes the rows of one agent while the fault lasts, in place. It is a function of those
rows' times alone, so a run may be cut into blocks anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import numpy as np

from streams.simulator.fleet import Bools, Fleet, bounded
from streams.simulator.kinds import COLUMN
from streams.simulator.noise import Floats, drawn, heavy, key_of, mixed, places, uniform
from streams.simulator.shapes import HOLD, Shape

Range = tuple[float, float]
_MS: Final = 1000.0


class Hit(NamedTuple):
    """The rows of one agent that a fault touches; all arrays are views.

    Parameters
    ----------
    fleet : Fleet
        Whose agent it is.
    place : int
        The agent.
    before : float
        The part of the affected agents that come before this one, 0 to 1.
    key : numpy.uint64
        Of everything that this effect draws; the same in every block.
    start : float
        When the fault begins, seconds since the epoch.
    at, progress : array (rows,)
        When, and the part of the fault that is over.
    usual, job : array (rows,)
        Load.
    values : array (rows, metrics)
        What is measured; blank before it is.
    reporting, ahead, late, twice : array (rows,)
        As in `Block`.
    """

    fleet: Fleet
    place: int
    before: float
    key: np.uint64
    start: float
    at: Floats
    progress: Floats
    usual: Floats
    job: Floats
    values: Floats
    reporting: Bools
    ahead: Floats
    late: Floats
    twice: Bools

    def follow(self, shape: Shape) -> Floats:
        """Return how much of the effect there is in each row."""
        return shape(self.progress, self.before)

    def size(self, among: Range) -> float:
        """Return how large this fault is."""
        return drawn(self.key, *among)

    def chance(self, share: float) -> Bools:
        """Return which rows are hit where only a `share` of them is."""
        key = mixed(np.array([self.key ^ self.fleet.keys[self.place]]))
        found: Bools = uniform(places(key, np.rint(self.at * _MS))) < share
        return found

    def column(self, metric: str) -> Floats:
        """Return one metric, to be changed."""
        return self.values[:, COLUMN[metric]]


class Effect(Protocol):
    """One thing that a fault does."""

    def apply(self, hit: Hit) -> None:
        """Change the rows of one agent."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """More load, or less: every metric answers as it always does."""

    factor: Range
    shape: Shape = HOLD

    def apply(self, hit: Hit) -> None:
        """Multiply the load."""
        factor = 1.0 + (hit.size(self.factor) - 1.0) * hit.follow(self.shape)
        hit.usual[:] = (hit.usual * factor).clip(0.02, 2.5)


@dataclass(frozen=True, slots=True)
class Job:
    """The nightly job does not run, or one runs that is not due."""

    runs: bool

    def apply(self, hit: Hit) -> None:
        """Set the job's part of the load."""
        hit.job[:] = float(self.runs)


@dataclass(frozen=True, slots=True)
class Add:
    """A metric rises by so much, in its unit."""

    metric: str
    size: Range
    shape: Shape = HOLD

    def apply(self, hit: Hit) -> None:
        """Add to the metric."""
        hit.column(self.metric)[:] += hit.size(self.size) * hit.follow(self.shape)


@dataclass(frozen=True, slots=True)
class Scale:
    """A metric becomes so many times what it is."""

    metric: str
    factor: Range
    shape: Shape = HOLD

    def apply(self, hit: Hit) -> None:
        """Multiply the metric."""
        hit.column(self.metric)[:] *= 1.0 + (hit.size(self.factor) - 1.0) * hit.follow(self.shape)


@dataclass(frozen=True, slots=True)
class Put:
    """A metric says this value, in a `share` of its records."""

    metric: str
    value: float
    share: float = 1.0

    def apply(self, hit: Hit) -> None:
        """Replace the metric."""
        hit.column(self.metric)[hit.chance(self.share)] = self.value


@dataclass(frozen=True, slots=True)
class Cap:
    """A metric goes no higher."""

    metric: str
    at: Range

    def apply(self, hit: Hit) -> None:
        """Cut off the metric."""
        column = hit.column(self.metric)
        np.minimum(column, hit.size(self.at), out=column)


@dataclass(frozen=True, slots=True)
class Freeze:
    """A metric stays what it was as the fault began."""

    metric: str

    def apply(self, hit: Hit) -> None:
        """Repeat the first value."""
        at = np.array([hit.start])
        first = bounded(hit.fleet.measured(at, hit.fleet.load(at, [hit.place]), [hit.place]))
        hit.column(self.metric)[:] = first[0, 0, COLUMN[self.metric]]


@dataclass(frozen=True, slots=True)
class Noise:
    """A metric scatters so many times as much as usual, around the same middle."""

    metric: str
    times: Range

    def apply(self, hit: Hit) -> None:
        """Add noise."""
        own = mixed(np.array([hit.key ^ hit.fleet.keys[hit.place]]))
        noise = heavy(places(own, np.rint(hit.at * _MS)))
        usual = hit.fleet.noise[hit.place, COLUMN[self.metric]]
        hit.column(self.metric)[:] += hit.size(self.times) * usual * noise


@dataclass(frozen=True, slots=True)
class Quantise:
    """A metric knows only multiples of `step`."""

    metric: str
    step: float

    def apply(self, hit: Hit) -> None:
        """Round the metric."""
        hit.column(self.metric)[:] = np.rint(hit.column(self.metric) / self.step) * self.step


@dataclass(frozen=True, slots=True)
class Sometimes:
    """A metric is so many times what it is, in a `share` of its records."""

    metric: str
    factor: Range
    share: float

    def apply(self, hit: Hit) -> None:
        """Multiply some values."""
        hit.column(self.metric)[hit.chance(self.share)] *= hit.size(self.factor)


@dataclass(frozen=True, slots=True)
class Decouple:
    """A metric answers to the load of another time of day, and no longer to the present one."""

    metric: str
    hours: float

    def apply(self, hit: Hit) -> None:
        """Take the metric from elsewhere in the agent's own past."""
        at = hit.at - 3600.0 * self.hours
        other = hit.fleet.measured(at, hit.fleet.load(at, [hit.place]), [hit.place])
        hit.column(self.metric)[:] = other[:, 0, COLUMN[self.metric]]


@dataclass(frozen=True, slots=True)
class Drop:
    """A metric is sent no longer."""

    metric: str

    def apply(self, hit: Hit) -> None:
        """Blank the metric."""
        hit.column(self.metric)[:] = np.nan


@dataclass(frozen=True, slots=True)
class Silence:
    """No heartbeat, or only a share of them."""

    shape: Shape = HOLD
    share: float = 1.0

    def apply(self, hit: Hit) -> None:
        """Keep heartbeats back."""
        hit.reporting[:] &= ~((hit.follow(self.shape) > 0.5) & hit.chance(self.share))


@dataclass(frozen=True, slots=True)
class Delay:
    """A share of the heartbeats arrives late, by up to so many seconds, and twice."""

    seconds: float
    share: float

    def apply(self, hit: Hit) -> None:
        """Let heartbeats wait."""
        late = hit.chance(self.share)
        own = mixed(np.array([hit.key ^ hit.fleet.keys[hit.place] ^ key_of("wait")]))
        wait = self.seconds * uniform(places(own, np.rint(hit.at * _MS)))
        hit.late[late] += wait[late]
        hit.twice[late] = True


@dataclass(frozen=True, slots=True)
class Clock:
    """The agent's clock is wrong by so many seconds."""

    ahead: Range

    def apply(self, hit: Hit) -> None:
        """Set the clock."""
        hit.ahead[:] += hit.size(self.ahead)


EARLY: Final = (Work, Job)
"""What must be known before anything is measured."""
