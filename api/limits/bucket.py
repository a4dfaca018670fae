"""Token buckets: a steady rate, and a burst that is saved up.

Source: J. Turner, "New directions in communications (or which way to the information age?)",
IEEE Communications Magazine 24 (1986): the leaky bucket as a meter, here counted downwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Rate:
    """A limit.

    Parameters
    ----------
    name : str
        What is limited: ``token`` or ``tenant``.
    per_s : float
        Requests per second that are always granted.
    burst_s : float
        Seconds of silence that are saved up at most.
    """

    name: str
    per_s: float
    burst_s: float

    @property
    def quota(self) -> int:
        """The most requests at once."""
        return max(1, int(self.per_s * self.burst_s))


class Standing(NamedTuple):
    """Where somebody stands with a limit: requests left, and seconds until they are all back."""

    rate: Rate
    left: int
    full_in_s: int
    wait_s: float
    """Until the next request is granted; 0 where it is now."""

    def headers(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Return what tells a client.

        Source: draft-ietf-httpapi-ratelimit-headers-10, "RateLimit header fields for HTTP".
        """
        rate = self.rate
        policy = f'"{rate.name}";q={rate.quota};w={math.ceil(rate.burst_s)}'
        return (
            ("ratelimit-policy", policy),
            ("ratelimit", f'"{rate.name}";r={self.left};t={self.full_in_s}'),
        )


class Bucket:
    """One holder's bucket; time is handed in, in seconds of any clock that never goes back.

    Examples
    --------
    >>> bucket = Bucket(Rate("token", 2.0, 1.0), now=0.0)
    >>> bucket.take(0.0), bucket.take(0.0)
    (None, None)
    >>> bucket.standing(0.0).wait_s, bucket.standing(0.5).wait_s
    (0.5, 0.0)
    """

    __slots__ = ("_at", "_level", "_rate")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._level = float(rate.quota)
        self._at = now

    def standing(self, now: float) -> Standing:
        """Return where the holder stands at `now`."""
        self._fill(now)
        wait = 0.0 if self._level >= 1.0 else (1.0 - self._level) / self._rate.per_s
        full_in = math.ceil((self._rate.quota - self._level) / self._rate.per_s)
        return Standing(self._rate, int(self._level), full_in, wait)

    def take(self, now: float) -> None:
        """Count one request at `now`."""
        self._fill(now)
        self._level -= 1.0

    def _fill(self, now: float) -> None:
        gained = (now - self._at) * self._rate.per_s
        self._level = min(float(self._rate.quota), self._level + gained)
        self._at = now
