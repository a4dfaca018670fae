"""Hears what traces a request belongs to, so that its events are linked to them."""

from __future__ import annotations

import time

from fastapi import Request

from streams.traces.caller import CALLER, Caller
from streams.traces.naming import TRACEPARENT, read


async def heard(request: Request) -> None:
    """Note when a request came, and the span that its sender is in."""
    CALLER.set(Caller(time.time_ns(), read(request.headers.get(TRACEPARENT, ""))))
