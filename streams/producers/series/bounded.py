"""A mapping that forgets what was not used for long, in constant time and bounded memory."""

from __future__ import annotations

import hashlib
from typing import Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
LONGEST_KEY: Final = 1024
"""Characters that are remembered of whatever a sender may make as long as it likes."""


def short(key: str) -> str:
    """Return `key`, or what stands for it where it is too long to be remembered.

    Examples
    --------
    >>> short("requests"), len(short("x" * 100_000))
    ('requests', 64)
    """
    if len(key) <= LONGEST_KEY:
        return key
    return hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=32).hexdigest()


class Bounded(Generic[K, V]):
    """Two generations: what is used moves to the younger; when that is full, the older goes.

    Parameters
    ----------
    most : int
        Entries that are ever held.

    Examples
    --------
    >>> held = Bounded(2)
    >>> for word in ("one", "two", "three"):
    ...     held[word] = len(word)
    >>> held.get("one"), held.get("three"), len(held)
    (None, 5, 2)
    """

    def __init__(self, most: int) -> None:
        self._half = max(1, most // 2)
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: K) -> V | None:
        """Return what is held for `key`, or None."""
        found = self._young.get(key)
        if found is None and (found := self._old.pop(key, None)) is not None:
            self[key] = found
        return found

    def __setitem__(self, key: K, value: V) -> None:
        if key not in self._young:
            self._old.pop(key, None)
            if len(self._young) >= self._half:
                self._old, self._young = self._young, {}
        self._young[key] = value

    def clear(self) -> None:
        """Forget everything."""
        self._young, self._old = {}, {}
