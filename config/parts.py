"""A policy's parts by name, in mappings and in lists whose entries have names of their own.

A threshold is known by its metric and the types of agents that it is for, a threat and a token by
its name, and of a list of words each word is its own name: wherever they stand in the list.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

ABSENT: Final = object()
"""What a policy does not have, where None is a value."""
Parts = dict[str, Any]


def parts(*values: Any) -> list[Parts] | None:
    """Return the named parts of each of `values`; None where one of them is a single value.

    What is `ABSENT` has no parts.

    Examples
    --------
    >>> parts({"a": 1}, ABSENT)
    [{'a': 1}, {}]
    >>> parts([{"metric": "up"}], [])
    [{'up': {'metric': 'up'}}, {}]
    >>> parts([1, 2], [1, 3]) is None
    True
    """
    there = [value for value in values if value is not ABSENT]
    if all(isinstance(value, dict) for value in there):
        return [{} if value is ABSENT else value for value in values]
    if not all(isinstance(value, list) for value in there):
        return None
    found = [_by_name([] if value is ABSENT else value) for value in values]
    return None if None in found else [each for each in found if each is not None]


def together(parts_of: Parts, like: Any) -> Any:
    """Return what has these parts: a list where `like` is one.

    Examples
    --------
    >>> together({"up": {"metric": "up"}}, [])
    [{'metric': 'up'}]
    """
    return list(parts_of.values()) if isinstance(like, list) else parts_of


def change(before: Any, after: Any) -> str:
    """Return what became of a part: ``added``, ``removed`` or ``changed``."""
    if before is ABSENT:
        return "added"
    return "removed" if after is ABSENT else "changed"


def told(value: Any) -> Any:
    """Return a part for a reader who knows no `ABSENT`: None in its place."""
    return None if value is ABSENT else value


def _by_name(values: list[Any]) -> Parts | None:
    names = [_name(value) for value in values]
    if None in names or len(set(names)) < len(names):
        return None
    return {str(name): value for name, value in zip(names, values, strict=True)}


def _name(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return None
    if "name" in value:
        return str(value["name"])
    return _threshold(value["metric"], value.get("agent_types")) if "metric" in value else None


def _threshold(metric: str, types: Iterable[str] | None) -> str:
    named = ",".join(types or ())
    return f"{metric}[{named}]" if named else str(metric)
