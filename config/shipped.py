"""What the shipped policy has that the one in force has not: a merge of three, chosen by a person.

An installation keeps the policy that it began with. What a release ships later is held against the
shipped policy that was last answered, the *base*: what differs there is offered, and either taken
into the policy in force or declined. Nothing is taken by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import Any, Final, NamedTuple

from config.parts import ABSENT, Parts, parts, together

Path = tuple[str, ...]
_GIVEN: Final = ("version",)
"""The installation's own, not the release's."""


class Standing(StrEnum):
    """How the policy in force stands to what is offered."""

    NEW = "new"
    """It is as it was shipped before: nobody touched it."""
    DIFFERS = "differs"
    """Somebody changed it here, and the release changed it as well."""


class Offer(NamedTuple):
    """One part that the release ships otherwise than before; `ABSENT` where there is none."""

    path: Path
    standing: Standing
    base: Any
    in_force: Any
    shipped: Any

    @property
    def name(self) -> str:
        """Return the path as a person writes it."""
        return ".".join(self.path)


def offers(base: Any, in_force: Any, shipped: Any) -> list[Offer]:
    """Return what `shipped` has otherwise than `base`, and `in_force` has not taken yet.

    Parameters
    ----------
    base, in_force, shipped : dict
        Whole policies as plain data, with every key.

    Examples
    --------
    >>> base, now = {"a": 1, "b": {"c": 2}}, {"a": 3, "b": {"c": 4, "d": 5}}
    >>> [(o.name, str(o.standing)) for o in offers(base, {"a": 1, "b": {"c": 9}}, now)]
    [('a', 'new'), ('b.c', 'differs'), ('b.d', 'new')]
    """
    found = _differences((), base, in_force, shipped)
    return [each for each in found if each.path != _GIVEN and not _has(each)]


def chosen(wanted: str, among: Collection[Path]) -> list[Path]:
    """Return the paths that `wanted` names: that one, or all below it.

    Examples
    --------
    >>> chosen("a.b", [("a", "b", "c"), ("a", "bb")])
    [('a', 'b', 'c')]
    """
    exact = [path for path in among if ".".join(path) == wanted]
    return exact or [path for path in among if ".".join(path).startswith(f"{wanted}.")]


def adopted(into: Any, of: Any, paths: Collection[Path]) -> Any:
    """Return `into` with what `of` has at `paths`; what it has not there is left out.

    Examples
    --------
    >>> adopted({"a": 1, "b": {"c": 2}}, {"a": 3, "b": {"c": 4, "d": 5}}, [("b", "d")])
    {'a': 1, 'b': {'c': 2, 'd': 5}}
    """
    if () in paths:
        return of
    named = parts(into, of)
    if not paths or named is None:
        return into
    left, right = named
    result = dict(left)
    for name in {path[0]: None for path in paths}:
        below = [path[1:] for path in paths if path[0] == name]
        value = adopted(left.get(name, ABSENT), right.get(name, ABSENT), below)
        result = _with(result, name, value, right)
    return together(result, of if into is ABSENT else into)


def answered(base: Any, in_force: Any, shipped: Any, declined: Collection[Path] = ()) -> Any:
    """Return the base from now on: with what is declined, and what `in_force` has already."""
    has = [each for each in _differences((), base, in_force, shipped) if _has(each)]
    return adopted(base, shipped, [*declined, *(each.path for each in has)])


def _has(offer: Offer) -> bool:
    return bool(offer.in_force == offer.shipped)


def _differences(path: Path, base: Any, in_force: Any, shipped: Any) -> Iterator[Offer]:
    """Yield the smallest parts in which `shipped` is not as `base`."""
    if base == shipped:
        return
    three = (base, in_force, shipped)
    named = None if ABSENT in three else parts(*three)
    if named is None:
        standing = Standing.NEW if in_force == base else Standing.DIFFERS
        yield Offer(path, standing, base, in_force, shipped)
        return
    before, mine, theirs = named
    for name in [*theirs, *(name for name in before if name not in theirs)]:
        below = (each.get(name, ABSENT) for each in (before, mine, theirs))
        yield from _differences((*path, name), *below)


def _with(into: Parts, name: str, value: Any, order: Parts) -> Parts:
    """Return `into` with a part before all that follow it in `order`, as the first rule counts."""
    if value is ABSENT:
        return {each: kept for each, kept in into.items() if each != name}
    if name in into:
        return into | {name: value}
    names = list(order)
    later = set(names[names.index(name) + 1 :])
    result: Parts = {}
    for each, kept in into.items():
        if each in later and name not in result:
            result[name] = value
        result[each] = kept
    return result | {name: value}
