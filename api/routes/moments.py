"""Moments in requests: the past that a read may ask for."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import Depends, Query

from api.errors import invalid
from api.schemas.common import Instant


async def _as_of(
    as_of: Annotated[
        Instant | None, Query(description="A past moment: the answer is as things were then.")
    ] = None,
) -> float | None:
    if as_of is None:
        return None
    at = as_of.timestamp()
    if at > time.time():
        raise invalid("as_of", as_of.isoformat(), "give a moment that is over")
    return at


AsOf = Annotated[float | None, Depends(_as_of)]
