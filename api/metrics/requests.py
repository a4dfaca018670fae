"""How long requests take until they are answered, as a histogram."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAME: Final = "homeostat_http_request_duration_seconds"
BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
UNROUTED: Final = "unrouted"
"""What no route served: refused by a guard, or not there."""
_HEAD: Final = (
    f"# HELP {NAME} Time from a request's arrival to the beginning of its answer.\n"
    f"# TYPE {NAME} histogram\n"
)
_Of = tuple[str, str, int]


class Latencies:
    """Counts requests by method, route and status; never by a path that a caller made up.

    A route is named by its own template, without the prefix of the API's version.
    """

    def __init__(self) -> None:
        self._counts: dict[_Of, list[int]] = {}
        self._sums: dict[_Of, float] = {}

    def observe(self, method: str, route: str, status: int, took_s: float) -> None:
        """Count one request that was answered after `took_s` seconds."""
        of = (method if method in METHODS else "other", route, status)
        counts = self._counts.setdefault(of, [0] * (len(BUCKETS_S) + 1))
        counts[bisect_left(BUCKETS_S, took_s)] += 1
        self._sums[of] = self._sums.get(of, 0.0) + took_s

    def text(self) -> str:
        """Return the histogram in the text format; see `api.exposition`."""
        return _HEAD + "".join(line for of in sorted(self._counts) for line in self._lines(of))

    def _lines(self, of: _Of) -> Iterator[str]:
        labels = 'method="{}",route="{}",status="{}"'.format(*of)
        below = list(accumulate(self._counts[of]))
        bounds = [*(f"{bound:g}" for bound in BUCKETS_S), "+Inf"]
        for bound, count in zip(bounds, below, strict=True):
            yield f'{NAME}_bucket{{{labels},le="{bound}"}} {count}\n'
        yield f"{NAME}_sum{{{labels}}} {self._sums[of]:.9g}\n"
        yield f"{NAME}_count{{{labels}}} {below[-1]}\n"


class Timing:
    """Times every request; a stream counts until its first byte."""

    def __init__(self, app: ASGIApp, latencies: Latencies) -> None:
        self._app = app
        self._latencies = latencies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                took_s = time.perf_counter() - began
                route = getattr(scope.get("route"), "path", UNROUTED)
                self._latencies.observe(scope["method"], route, message["status"], took_s)
            await send(message)

        await self._app(scope, receive, timed)
