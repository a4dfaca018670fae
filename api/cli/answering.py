"""Waits for what answers a request: an event of a step, or what a read shows then."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from api.cli.client import Client

LATEST: Final = 2**53 - 1
"""Greater than every `seq` that the API may tell."""
PATIENCE_S: Final = 10.0
_LOOK_S: Final = 0.1

T = TypeVar("T")


def newest(client: Client) -> int:
    """Return the `seq` of the newest event; 0 where there is none."""
    page = client.get("/events", before=LATEST, limit=1)
    return max((event["seq"] for event in page["items"]), default=0)


def answered(
    client: Client, subject: str, after: int, answers: Callable[[dict[str, Any]], bool]
) -> dict[str, Any] | None:
    """Return the first event of `subject` beyond `after` that `answers`.

    Returns
    -------
    dict or None
        None where there is none within `PATIENCE_S`.
    """

    def look() -> dict[str, Any] | None:
        nonlocal after
        for event in client.items("/events", 1000, after=after, subject=subject):
            after = event["seq"]
            if answers(event):
                return event
        return None

    return until(look, lambda event: event is not None)


def until(look: Callable[[], T], good: Callable[[T], bool]) -> T:
    """Return what `look` sees once it is `good`, or what it sees after `PATIENCE_S`."""
    give_up = time.monotonic() + PATIENCE_S
    while not good(found := look()) and time.monotonic() < give_up:
        time.sleep(_LOOK_S)
    return found
