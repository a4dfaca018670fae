"""How an effect goes in the course of a fault: 0 is none of it, 1 all of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from streams.simulator.noise import Floats

Shape = Callable[[Floats, float], Floats]
"""Takes the part of the fault that is over (0 to 1), and whose turn it is: the part of the
affected agents that come before this one."""


def hold(progress: Floats, _: float) -> Floats:
    """All of it, from the first to the last moment."""
    return np.ones_like(progress)


def ramp(progress: Floats, _: float) -> Floats:
    """Grow evenly."""
    return progress


def hump(progress: Floats, _: float) -> Floats:
    """Grow up to the middle, then go back."""
    half: Floats = 1.0 - np.abs(2.0 * progress - 1.0)
    return half * (2.0 - half)


def fading(progress: Floats, _: float) -> Floats:
    """All of it for a fifth of the time, then slowly less."""
    left = ((1.0 - progress) / 0.8).clip(0.0, 1.0)
    squared: Floats = left * left
    return squared


def in_turn(progress: Floats, before: float) -> Floats:
    """All of it, but one agent is reached after the other, the last at the half."""
    return (progress >= 0.5 * before).astype(np.float64)


def teeth(count: int) -> Shape:
    """Grow and fall back to nothing, `count` times."""

    def shape(progress: Floats, _: float) -> Floats:
        part: Floats = progress * count % 1.0
        return part

    return shape


def pulses(count: int, share: float) -> Shape:
    """Come and go `count` times; `share` of the time it is there."""

    def shape(progress: Floats, _: float) -> Floats:
        there: Floats = (progress * count % 1.0 < share).astype(np.float64)
        return there

    return shape


def filling(part: float) -> Shape:
    """Grow during `part` of the time, then stay."""

    def shape(progress: Floats, _: float) -> Floats:
        return np.minimum(progress / part, 1.0)

    return shape


HOLD: Final[Shape] = hold
RAMP: Final[Shape] = ramp
HUMP: Final[Shape] = hump
FADING: Final[Shape] = fading
IN_TURN: Final[Shape] = in_turn
