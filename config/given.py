"""Finds the value that an error of validation speaks of."""

from __future__ import annotations

import re
from typing import Any, Final

_PLACE: Final = re.compile(r" - at `\$([^`]*)`$")
_PART: Final = re.compile(r"\.(\w+)|\[(\d+)\]")


def value_at(plain: Any, message: str) -> str:
    """Return `` (it is VALUE)`` for the single value that an error of msgspec names, or nothing.

    Examples
    --------
    >>> value_at({"a": [{"b": 7}]}, "Expected `int` <= 5 - at `$.a[0].b`")
    ' (it is 7)'
    >>> value_at({"a": [{"b": 7}]}, "Object missing required field `c` - at `$.a[0]`")
    ''
    """
    place = _PLACE.search(message)
    if place is None or _PART.sub("", place[1]):
        return ""  # under a key of somebody's own, which msgspec does not name
    for name, index in _PART.findall(place[1]):
        plain = plain[name] if name else plain[int(index)]
    return f" (it is {plain!r:.80})" if isinstance(plain, str | int | float) else ""
