"""A fleet whose agents share days and weeks, carry load, and report what answers to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.simulator.kinds import COLUMN, COUNTS, KINDS, METRICS, UPPER, Kind
from streams.simulator.noise import (
    Floats,
    Keys,
    heavy,
    key_of,
    mixed,
    normal,
    places,
    uniform,
    wandering,
)

Bools = npt.NDArray[np.bool_]

_DAY_S: Final = 86_400.0
_THURSDAY: Final = 3
"""The epoch began on one."""
_DRIFTS: Final = ((900.0, 0.025), (10_800.0, 0.05))
"""Pace in seconds, and how much of the load it moves."""
_JOB_S: Final = 2_700.0
_ROTATION: Final = 1.5
"""Percent of the disk that a day's logs take, until they are rotated at midnight."""
_ALIKE: Final = ("cache_hit_rate",)
"""What does not differ from agent to agent."""
PER_HOST: Final = 4
"""So many neighbours share a host, and each depends on the one before it."""


class Member(NamedTuple):
    """One agent: its name and its kind."""

    name: str
    kind: Kind


class Load(NamedTuple):
    """What agents have to do, each of shape (moments, agents): usual load, and nightly job."""

    usual: Floats
    job: Floats


@dataclass(frozen=True, slots=True)
class Block:
    """What every agent measured in some frames that follow one another.

    Parameters
    ----------
    first : int
        The number of the first frame, counted up from 0.
    at : array (frames,)
        Seconds since the epoch.
    values : array (frames, agents, metrics)
        In the order of `METRICS`; not a number where a metric is not sent.
    reporting : array (frames, agents) of bool
        Who sends a heartbeat.
    ahead : array (frames, agents)
        Seconds by which an agent's clock runs ahead.
    late : array (frames, agents)
        Seconds that a heartbeat takes to arrive.
    twice : array (frames, agents) of bool
        Whether it arrives twice.
    """

    first: int
    at: Floats
    values: Floats
    reporting: Bools
    ahead: Floats
    late: Floats
    twice: Bools


def mixed_members(agents: int) -> list[Member]:
    """Return `agents` agents of all kinds by their shares, those of a kind together."""
    if agents < 1:
        raise ValueError(f"agents={agents}; a fleet has at least one")
    bounds = np.cumsum([kind.share for kind in KINDS])
    middle = (np.arange(agents) + 0.5) / agents
    kinds = np.minimum(np.searchsorted(bounds, middle), len(KINDS) - 1)
    return [Member(f"sim-{KINDS[kind].name}-{n:05d}", KINDS[kind]) for n, kind in enumerate(kinds)]


class Fleet:
    """Agents whose measurements are a function of seed, name and time.

    Parameters
    ----------
    members : sequence of Member
        Who belongs to it.
    seed : int
        Of everything that is drawn.
    own_pace : bool
        Whether each kind reports in an interval of its own; else everybody does in each frame.
    """

    def __init__(self, members: Sequence[Member], seed: int, *, own_pace: bool = False) -> None:
        self.seed = seed
        self.members = tuple(members)
        self.ids = [member.name for member in members]
        self.types = [member.kind.name for member in members]
        self.keys: Keys = np.array([key_of(seed, name) for name in self.ids], dtype=np.uint64)
        self.every = np.array([m.kind.interval_frames if own_pace else 1 for m in members])
        self._idle, self._gain, self.noise, self._job = self._answers()
        own = (1.0 + 0.07 * normal(self._own("idle"))).clip(0.8, 1.2)[:, None]
        varies = np.array([metric not in _ALIKE for metric in METRICS])
        self._idle = np.where(varies, self._idle * own, self._idle)
        self._phase = normal(self._own("phase")) * 0.5
        self._job_at = 3600.0 * (1.0 + 3.0 * uniform(self._own("job")))
        self._day = np.array([(*m.kind.day, m.kind.day[0]) for m in members])
        self._week = np.array([m.kind.week for m in members])

    def __len__(self) -> int:
        return len(self.ids)

    def labels(self, place: int) -> dict[str, str]:
        """Return the labels of an agent: its host, its group, and whom it depends on."""
        own = {"host": f"rack-{place // PER_HOST:04d}", "group": self.types[place]}
        if place % PER_HOST:
            own["depends_on"] = self.ids[place - 1]
        return own

    def load(self, at: Floats, some: Sequence[int] | slice = slice(None)) -> Load:
        """Return what `some` agents have to do at the moments `at`."""
        shifted = at[:, None] / 3600.0 + self._phase[None, some]
        hour = np.floor(shifted % 24.0).astype(np.int64)
        part = shifted % 1.0
        who = np.arange(len(self))[some][None, :]
        usual = self._day[who, hour] * (1.0 - part) + self._day[who, hour + 1] * part
        days = np.floor(at / _DAY_S).astype(np.int64) + _THURSDAY
        usual = usual * self._week[who, (days % 7)[:, None]]
        for pace, size in _DRIFTS:
            usual += size * wandering(self._own(f"drift/{pace}")[some], at, pace)
        since = (at[:, None] - self._job_at[None, some]) % _DAY_S
        return Load(usual.clip(0.02, 1.5), (since < _JOB_S).astype(np.float64))

    def measured(self, at: Floats, load: Load, some: Sequence[int] | slice = slice(None)) -> Floats:
        """Return what `some` agents measure under `load`; see `Block.values`."""
        values: Floats = self._idle[some] + self._gain[some] * load.usual[:, :, None]
        values += self._job[some] * load.job[:, :, None]
        values += self.noise[some] * heavy(self.places(at, some))
        values[:, :, COLUMN["disk_usage"]] += _ROTATION * (at[:, None] / _DAY_S % 1.0)
        return values

    def places(self, at: Floats, some: Sequence[int] | slice = slice(None)) -> Keys:
        """Return a key for each moment, agent and metric."""
        metrics = np.arange(len(METRICS), dtype=np.uint64)
        own = mixed(self.keys[some][:, None] + metrics[None, :])
        return places(own[None, :, :], np.rint(at * 1000.0)[:, None, None])

    def block(self, first: int, at: Floats, values: Floats) -> Block:
        """Return a block in which everybody reports as its kind does."""
        shape = (len(at), len(self))
        number = first + np.arange(len(at))
        reporting = number[:, None] % self.every[None, :] == 0
        zero, no = np.zeros(shape), np.zeros(shape, dtype=np.bool_)
        return Block(first, at, values, reporting, zero, zero.copy(), no)

    def _own(self, what: str) -> Keys:
        return mixed(self.keys ^ key_of(what))

    def _answers(self) -> tuple[Floats, Floats, Floats, Floats]:
        found = np.full((4, len(self), len(METRICS)), np.nan)
        for place, member in enumerate(self.members):
            for metric, answer in member.kind.answers.items():
                found[:, place, COLUMN[metric]] = answer
        idle, gain, noise, job = found
        return idle, gain, noise, job


def moments(
    start: float, step_s: float, frames: int, together: int
) -> Iterator[tuple[int, Floats]]:
    """Yield `frames` moments, `together` at a time: the number of the first, and all of them."""
    for first in range(0, frames, together):
        number = np.arange(first, min(frames, first + together), dtype=np.float64)
        yield first, start + number * step_s


def bounded(values: Floats) -> Floats:
    """Keep `values` within what their units allow, in place."""
    np.maximum(values, 0.0, out=values)
    for metric, upper in UPPER.items():
        column = values[:, :, COLUMN[metric]]
        np.minimum(column, upper, out=column)
    for metric in COUNTS:
        column = values[:, :, COLUMN[metric]]
        np.rint(column, out=column)
    return values
