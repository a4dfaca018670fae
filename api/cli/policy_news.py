"""That a release ships parts of the policy otherwise than what is in force, in a sentence."""

from __future__ import annotations

from collections.abc import Sized
from typing import Final

HINT: Final = "`homeostat policy shipped` tells them, `homeostat policy take` takes them over"


def offered(offers: Sized) -> str | None:
    """Return how many parts are offered; None where none is.

    Examples
    --------
    >>> offered([{"path": "limits.max_queued"}])
    'this release ships 1 part of the policy otherwise than what is in force'
    """
    if not offers:
        return None
    what = "1 part" if len(offers) == 1 else f"{len(offers)} parts"
    return f"this release ships {what} of the policy otherwise than what is in force"
