"""The limits of every token and tenant, as this process counts them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from api.identity.roles import Identity
from api.identity.tokens import FIRST
from api.limits.bucket import Bucket, Rate, Standing


class Limits:
    """Counts requests; as many buckets as there are tokens and tenants that ask.

    The installation's first token is not limited: with it whoever owns the machine works, and
    sets these limits. Each API process counts for itself.

    Parameters
    ----------
    token, tenant : Rate
        What one token may ask, and all tokens of one tenant together.
    streams : int
        Live streams that one token may hold open at once.
    clock : callable
        Seconds that never go back.
    """

    def __init__(
        self,
        token: Rate,
        tenant: Rate,
        streams: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rates = (token, tenant)
        self._most_streams = streams
        self._clock = clock
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._streams: Counter[str] = Counter()

    def ask(self, who: Identity) -> Standing | None:
        """Count one request where it is granted; return the tighter limit's standing.

        None where nothing limits `who`; `wait_s` above 0 where the request is not granted.
        """
        if who.name == FIRST:
            return None
        now = self._clock()
        buckets = list(self._of(who, now))
        before = [bucket.standing(now) for bucket in buckets]
        refused = max(before, key=lambda standing: standing.wait_s)
        if refused.wait_s > 0.0:
            return refused
        for bucket in buckets:
            bucket.take(now)
        after = min((bucket.standing(now) for bucket in buckets), key=lambda each: each.left)
        return after._replace(wait_s=0.0)

    @contextmanager
    def streaming(self, who: Identity) -> Iterator[bool]:
        """Hold one stream open; gives whether `who` may."""
        if who.name == FIRST:
            yield True
            return
        granted = self._streams[who.name] < self._most_streams
        self._streams[who.name] += granted
        try:
            yield granted
        finally:
            self._streams[who.name] -= granted
            if not self._streams[who.name]:
                del self._streams[who.name]

    def _of(self, who: Identity, now: float) -> Iterator[Bucket]:
        token, tenant = self._rates
        yield self._bucket((token.name, who.name), token, now)
        if not who.everywhere:
            yield self._bucket((tenant.name, who.tenant), tenant, now)

    def _bucket(self, key: tuple[str, str], rate: Rate, now: float) -> Bucket:
        found = self._buckets.get(key)
        if found is None:
            found = self._buckets[key] = Bucket(rate, now)
        return found
