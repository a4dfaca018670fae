"""What people ask for, once: a second copy of a request is no second wish.

What a step derives carries a position, and a high-water mark drops what comes twice. A request has
none. A client that got no answer asks again, and its request has the same id then
(`api.idempotency`); a signed record that somebody copies has it as well.
"""

from __future__ import annotations

from typing import Final

KEPT: Final = 1000
"""Requests that a partition remembers; they come at the pace of people and their scripts."""
_MARK: Final = "asked|"


def is_first(seen: dict[str, tuple[int, int]], event_id: str, offset: int) -> bool:
    """Say whether a request was not seen before, and remember it among a step's marks.

    Parameters
    ----------
    seen : dict of str to (int, int)
        The step's marks, kept in its snapshots; changed in place.
    offset : int
        Where it lies in the inbox: the oldest are forgotten first.

    Examples
    --------
    >>> seen = {}
    >>> is_first(seen, "a", 1), is_first(seen, "b", 2), is_first(seen, "a", 3)
    (True, True, False)
    """
    name = _MARK + event_id
    if name in seen:
        return False
    seen[name] = (offset, 0)
    marks = [mark for mark in seen if mark.startswith(_MARK)]
    if len(marks) > KEPT:
        del seen[min(marks, key=lambda mark: seen[mark])]
    return True
