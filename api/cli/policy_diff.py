"""What differs between two policies, key by key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

_ABSENT: Final = object()
_SIGNS: Final = {"added": "+", "removed": "-", "changed": "~"}
_GIVEN: Final = frozenset({"version"})
"""Keys that the installation gives."""


class Change(NamedTuple):
    """One key that differs: ``added``, ``removed`` or ``changed``."""

    path: str
    change: str
    before: Any = None
    after: Any = None

    def line(self) -> str:
        """Return it for a person.

        Examples
        --------
        >>> Change("limits.max_queued", "changed", 100, 50).line()
        '~ limits.max_queued: 100 → 50'
        """
        told = {
            "added": _short(self.after),
            "removed": _short(self.before),
            "changed": f"{_short(self.before)} → {_short(self.after)}",
        }
        return f"{_SIGNS[self.change]} {self.path}: {told[self.change]}"


def changes(before: Any, after: Any) -> list[Change]:
    """Return what leads from one policy to another, in the order of the keys.

    A threshold is known by its metric and the types of agents that it is for, wherever it stands
    in the list.

    Examples
    --------
    >>> [c.line() for c in changes({"a": {"b": 1}, "c": 2}, {"a": {"b": 3}, "d": 4})]
    ['~ a.b: 1 → 3', '- c: 2', '+ d: 4']
    """
    return [change for change in _walk("", before, after) if change.path not in _GIVEN]


def _walk(path: str, before: Any, after: Any) -> Iterator[Change]:
    if before == after:
        return
    left, right = _named(before), _named(after)
    if left is None or right is None:
        yield _change(path, before, after)
        return
    for name in [*left, *(name for name in right if name not in left)]:
        inner = f"{path}.{name}" if path else name
        yield from _walk(inner, left.get(name, _ABSENT), right.get(name, _ABSENT))


def _change(path: str, before: Any, after: Any) -> Change:
    if before is _ABSENT:
        return Change(path, "added", after=after)
    if after is _ABSENT:
        return Change(path, "removed", before=before)
    return Change(path, "changed", before, after)


def _named(value: Any) -> dict[str, Any] | None:
    """Return the parts of a mapping, or of a list of thresholds, by name."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and value and all(_is_threshold(each) for each in value):
        return {_threshold(each): each for each in value}
    return None


def _is_threshold(value: Any) -> bool:
    return isinstance(value, dict) and "metric" in value


def _threshold(value: dict[str, Any]) -> str:
    types = ",".join(value.get("agent_types") or ())
    return f"{value['metric']}[{types}]" if types else str(value["metric"])


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_short(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(_short(each) for each in value)}]"
    return "none" if value is None else str(value)
