"""A fleet whose agents share a day, carry load, and report correlated metrics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from streams.simulator.kinds import COLUMN, KINDS

Floats = npt.NDArray[np.float64]

_DAY_S: Final = 86_400.0
_MEMORY: Final = 0.9
"""How much of its deviation a load keeps from one frame to the next (an AR(1) process)."""
_LOWER: Final = 0.0
_PERCENT: Final = [COLUMN[name] for name in ("cpu_usage", "memory_usage", "disk_usage")]


@dataclass(frozen=True, slots=True)
class Frame:
    """What every agent measured at one moment.

    Parameters
    ----------
    number : int
        Counts up from 0: the heartbeats' sequence.
    at : float
        Seconds since the epoch.
    values : array (agents, metrics)
        In the order of `METRICS`.
    reporting : array (agents,) of bool
        Who sends a heartbeat.
    """

    number: int
    at: float
    values: Floats
    reporting: npt.NDArray[np.bool_]


class Fleet:
    """`agents` agents of several kinds, the same for the same seed.

    Parameters
    ----------
    agents : int
        How many.
    seed : int
        Of everything that is drawn.
    """

    def __init__(self, agents: int, seed: int) -> None:
        if agents < 1:
            raise ValueError(f"agents={agents}; a fleet has at least one")
        self.seed = seed
        rng = np.random.default_rng([seed, 1])
        bounds = np.cumsum([kind.share for kind in KINDS])
        places = (np.arange(agents) + 0.5) / agents
        self._kind = np.minimum(np.searchsorted(bounds, places), len(KINDS) - 1)
        self.types = [KINDS[index].name for index in self._kind]
        self.ids = [f"sim-{kind}-{n:05d}" for n, kind in enumerate(self.types)]
        self._idle = self._column("idle") * rng.normal(1.0, 0.1, (agents, 1)).clip(0.7, 1.3)
        self._gain = self._column("gain")
        self._noise = self._column("noise")
        self._swing = np.array([kind.swing for kind in KINDS])[self._kind]
        self._phase = rng.normal(0.0, 0.03, agents)

    def __len__(self) -> int:
        return len(self.ids)

    def _column(self, name: str) -> Floats:
        return np.array([getattr(kind, name) for kind in KINDS], dtype=np.float64)[self._kind]

    def frames(self, start: float, interval_s: float, duration_s: float) -> Iterator[Frame]:
        """Yield a frame every `interval_s` for `duration_s` seconds from `start`, all healthy."""
        rng = np.random.default_rng([self.seed, 2])
        wander = np.zeros(len(self))
        everybody = np.ones(len(self), dtype=np.bool_)
        for number in range(max(1, round(duration_s / interval_s))):
            at = start + number * interval_s
            wander = _MEMORY * wander + rng.normal(0.0, 0.03, len(self))
            load = (self._daily(at) + wander).clip(0.02, 1.0)
            values = self._idle + self._gain * load[:, None]
            values += self._noise * rng.standard_normal(values.shape)
            yield Frame(number, at, bounded(values), everybody.copy())

    def _daily(self, at: float) -> Floats:
        """Return each agent's load by the hour: lowest at 4 in the morning, UTC."""
        turn = 2 * np.pi * (at / _DAY_S - 4 / 24 + self._phase)
        wave: Floats = 0.45 - self._swing * 0.5 * np.cos(turn)
        return wave


def bounded(values: Floats) -> Floats:
    """Keep `values` within what their units allow, in place."""
    np.maximum(values, _LOWER, out=values)
    values[:, _PERCENT] = values[:, _PERCENT].clip(max=100.0)
    rate = COLUMN["error_rate"]
    values[:, rate] = values[:, rate].clip(max=1.0)
    return values
