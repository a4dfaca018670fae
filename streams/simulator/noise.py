"""Noise that is a function of its place: no state, no order, the same on every processor.

Each value is a hash of who asks (an agent, a metric) and of when, so a moment may be asked for
alone, twice or among others, and says the same. Only integer arithmetic, + - * / and square roots
take part.

Sources: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014), for the
mixing function; a sum of uniform values as a normal one goes back to Irwin and Hall (1927).
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Keys = npt.NDArray[np.uint64]

_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_SHIFTS: Final = (np.uint64(30), np.uint64(27), np.uint64(31))
_LOW: Final = np.uint64(0xFFFF)
_QUARTERS: Final = (np.uint64(16), np.uint64(32), np.uint64(48))
_SQRT3: Final = 1.7320508075688772
_RARE: Final = 655
"""Of 65,536 values so many are two and a half times as far out,"""
_RAREST: Final = 7
"""and so many five times."""


def key_of(*parts: object) -> np.uint64:
    """Return the key of what `parts` spell; different parts, different noise.

    Examples
    --------
    >>> int(key_of("web", 1)) == int(key_of("web", 1)), int(key_of("web")) == int(key_of("db"))
    (True, False)
    """
    text = "\0".join(map(str, parts)).encode()
    digest = hashlib.blake2b(text, digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def mixed(keys: Keys) -> Keys:
    """Return as many hashes; neighbouring keys have nothing in common any more."""
    x = keys + _STEP
    x ^= x >> _SHIFTS[0]
    x *= _FIRST
    x ^= x >> _SHIFTS[1]
    x *= _SECOND
    x ^= x >> _SHIFTS[2]
    return x


def places(key: Keys, count: npt.NDArray[Any]) -> Keys:
    """Return the keys of the `count`-th values that belong to `key`; shapes are broadcast."""
    return mixed(key ^ (count.astype(np.uint64) * _FIRST))


def uniform(keys: Keys) -> Floats:
    """Return values from 0 up to 1, all alike likely."""
    return (mixed(keys) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(keys: Keys) -> Floats:
    """Return values of mean 0 and deviation 1, as a bell, at most 3.5."""
    hashed = mixed(keys)
    total = (hashed & _LOW).astype(np.float64)
    for shift in _QUARTERS:
        total += (hashed >> shift) & _LOW
    total *= _SQRT3 / 65536.0
    total -= 2.0 * _SQRT3
    return total


def heavy(keys: Keys) -> Floats:
    """Return `normal` with tails as measurements have them: now and then far out."""
    value = normal(keys)
    draw = mixed(keys ^ _SECOND) & _LOW
    value[draw < _RARE] *= 2.5
    value[draw < _RAREST] *= 2.0
    return value


def wandering(key: Keys, at: Floats, pace_s: float) -> Floats:
    """Return how each of `key` drifts: a normal value every `pace_s` seconds, joined smoothly.

    Parameters
    ----------
    key : array, shape (agents,)
        Whose drift.
    at : array, shape (moments,)
        Seconds since the epoch.
    pace_s : float
        How long a drift takes.

    Returns
    -------
    array, shape (moments, agents)
    """
    count = np.floor(at / pace_s)
    part = (at / pace_s - count)[:, None]
    before = normal(places(key[None, :], count[:, None]))
    after = normal(places(key[None, :], count[:, None] + 1.0))
    joined: Floats = before + part * part * (3.0 - 2.0 * part) * (after - before)
    return joined


def drawn(key: np.uint64, low: float, high: float) -> float:
    """Return one value between `low` and `high`."""
    return low + (high - low) * float(uniform(np.array([key]))[0])
