"""Reads that wait until the views show what was written.

What is waited for is the written record itself: from the answer on, the views hold what that
record says. What a step derives from it later (a grant after an approval, the registration of an
agent that nobody had heard of) lies at a position of its own, which no receipt knows; it is seen
in `/api/v1/events` by the correlation id.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, Query

from api.errors import Problem, invalid
from api.pulse import PROJECTED
from api.routes import problem
from api.services import Served, Services
from projections.queries.health import is_projected
from streams.contracts.record import Position

FIRST_LOOK_S: Final = 0.01
LONGEST_PAUSE_S: Final = 0.16
"""Between two looks: an answer is that late at most, and one who waits asks six times a second."""
TIMED_OUT: Final[dict[int | str, dict[str, Any]]] = {
    504: problem("The views have not reached `wait_for` within `wait_s`; try again.")
}


def readable_place(field: str, position: str) -> Position:
    """Return a receipt's position as a place that the views read.

    Raises
    ------
    Problem
        422, naming `field`, where it is none.
    """
    try:
        place = Position.parse(position)
    except ValueError:
        place = None
    if place is None or str(place) != position:
        raise invalid(field, position, "hand in the `position` of a receipt")
    if place.topic not in PROJECTED:
        remedy = f"the views do not show {place.topic}; watch /api/v1/events for what follows"
        raise invalid(field, position, remedy)
    return place


async def _waited(
    served: Served,
    wait_for: Annotated[
        str | None,
        Query(
            max_length=300,
            description="The `position` of a receipt: answer once the views show that record.",
        ),
    ] = None,
    wait_s: Annotated[
        float, Query(gt=0, le=30, description="The longest wait for it, in seconds.")
    ] = 5.0,
) -> None:
    if wait_for is None:
        return
    place = readable_place("wait_for", wait_for)
    try:
        async with asyncio.timeout(wait_s):
            await _shown(served, place)
    except TimeoutError as error:
        detail = (
            f"the views have not reached {wait_for} within {wait_s:g} s; try again, with a larger "
            "wait_s, and look at /api/v1/system/health for how far the projector is behind"
        )
        retry = {"retry-after": "1"}
        raise Problem(HTTPStatus.GATEWAY_TIMEOUT, "not-reached", detail, headers=retry) from error


async def _shown(served: Services, place: Position) -> None:
    pause = FIRST_LOOK_S
    while not await served.ask_aside(is_projected, place.topic, place.partition, place.offset):
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)


WAITS: Final[dict[str, Any]] = {"dependencies": [Depends(_waited)], "responses": TIMED_OUT}
"""What a route takes to bear `wait_for`: ``@router.get("", **WAITS)``."""
