"""Finds the value that a validation error is about, and suggests what was meant."""

from __future__ import annotations

import difflib
import math
import re
from typing import Any, Final

import msgspec
from msgspec import inspect

FITTING: Final = "write text, a finite number, yes or no"
"""The remedy for what `unfit` finds."""
_PLACE: Final = re.compile(r" - at `\$([^`]*)`$")
_PART: Final = re.compile(r"\.(\w+)|\[(\d+)\]")
_STEP: Final = re.compile(r"\.(\w+)|\[[^\]]*\]")
_UNKNOWN: Final = re.compile(r"unknown field `([^`]*)`")


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


def choices_at(root: type[msgspec.Struct], message: str) -> str:
    """Return what an error of msgspec might have been given instead, or nothing.

    Those are the values of a choice, and the key that is most like one that is not known.

    Examples
    --------
    >>> from config.threats import SecurityPolicy, ThreatRule
    >>> choices_at(ThreatRule, "Invalid enum value 'soon' - at `$.aggregate`")
    '; use one of deviation, increase, mean, rate, sum, value'
    >>> choices_at(SecurityPolicy, "Object contains unknown field `quarantin_at`")
    '; perhaps quarantine_at is meant'
    """
    place = _PLACE.search(message)
    kinds = _kinds_at(inspect.type_info(root), place[1] if place else "")
    if message.startswith("Invalid enum value"):
        values = [v for kind in kinds if isinstance(kind, inspect.LiteralType) for v in kind.values]
        return f"; use one of {', '.join(map(str, values))}" if values else ""
    if unknown := _UNKNOWN.search(message):
        keys = [f.encode_name for k in kinds if isinstance(k, inspect.StructType) for f in k.fields]
        alike = difflib.get_close_matches(unknown[1], keys, n=1)
        return f"; perhaps {alike[0]} is meant" if alike else ""
    return ""


def _kinds_at(root: inspect.Type, place: str) -> list[inspect.Type]:
    """Return the types that may be at `place`, as msgspec writes it."""
    kinds = [root]
    for step in _STEP.finditer(place):
        kinds = [inner for kind in kinds for inner in _within(kind, step[1])]
    return kinds


def _within(kind: inspect.Type, field: str | None) -> list[inspect.Type]:
    found: list[inspect.Type] = []
    if isinstance(kind, inspect.StructType):
        found = [each.type for each in kind.fields if each.encode_name == field]
    elif field is None and isinstance(kind, inspect.ListType):
        found = [kind.item_type]
    elif field is None and isinstance(kind, inspect.DictType):
        found = [kind.value_type]
    return [each for one in found for each in _members(one)]


def _members(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    return kind.types if isinstance(kind, inspect.UnionType) else (kind,)


def unfit(plain: Any, place: str = "$") -> str | None:
    """Return where plain data holds what no record can carry, and what; None where it does not.

    YAML knows numbers that are none, and dates; JSON knows neither.

    Examples
    --------
    >>> unfit({"a": [1.5, {"b": float("nan")}]})
    '`$.a[1].b` is nan'
    """
    if isinstance(plain, dict):
        inner = [(f"{place}.{key}", value) for key, value in plain.items()]
        odd = [key for key in plain if not isinstance(key, str)]
        if odd:
            return f"a key of `{place}` is {odd[0]!r}"
    elif isinstance(plain, list | tuple):
        inner = [(f"{place}[{number}]", value) for number, value in enumerate(plain)]
    else:
        fits = plain is None or isinstance(plain, bool | int | str)
        fits = fits or (isinstance(plain, float) and math.isfinite(plain))
        return None if fits else f"`{place}` is {plain!s:.80}"
    return next(filter(None, (unfit(value, deeper) for deeper, value in inner)), None)
