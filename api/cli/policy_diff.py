"""What differs between two policies, key by key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from config.parts import ABSENT, change, parts, told

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
        values = {
            "added": short(self.after),
            "removed": short(self.before),
            "changed": f"{short(self.before)} → {short(self.after)}",
        }
        return f"{_SIGNS[self.change]} {self.path}: {values[self.change]}"


def changes(before: Any, after: Any) -> list[Change]:
    """Return what leads from one policy to another, in the order of the keys.

    What has a name in a list is known by it, wherever it stands; see `config.parts`.

    Examples
    --------
    >>> [c.line() for c in changes({"a": {"b": 1}, "c": 2}, {"a": {"b": 3}, "d": 4})]
    ['~ a.b: 1 → 3', '- c: 2', '+ d: 4']
    """
    return [each for each in _walk("", before, after) if each.path not in _GIVEN]


def _walk(path: str, before: Any, after: Any) -> Iterator[Change]:
    if before == after:
        return
    named = None if ABSENT in (before, after) else parts(before, after)
    if named is None:
        yield Change(path, change(before, after), told(before), told(after))
        return
    left, right = named
    for name in [*left, *(name for name in right if name not in left)]:
        inner = f"{path}.{name}" if path else name
        yield from _walk(inner, left.get(name, ABSENT), right.get(name, ABSENT))


def short(value: Any) -> str:
    """Return a value on one line, for a person."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {short(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(short(each) for each in value)}]"
    return "none" if value is None else str(value)
