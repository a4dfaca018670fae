"""Answers that take long are made once for all who ask for the same at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

R = TypeVar("R")


class Coalesced(Generic[R]):
    """Gives one answer to all who asked before it was begun.

    Who asks while one is being made is not given that: it may not know what was written just
    before. So at most two are under way for a key, of which one waits.
    """

    def __init__(self) -> None:
        self._waiting: dict[object, asyncio.Task[R]] = {}
        self._begun: dict[object, asyncio.Task[R]] = {}

    async def ask(self, key: object, make: Callable[[], Awaitable[R]]) -> R:
        """Return what `make` returns, or raise what it raises; someone else's may be called.

        Parameters
        ----------
        key : object
            Hashable; what is asked for.
        """
        if (task := self._waiting.get(key)) is None:
            task = asyncio.create_task(self._made(key, self._begun.get(key), make))
            self._waiting[key] = task
        return await asyncio.shield(task)  # others may wait for it too

    async def _made(
        self, key: object, before: asyncio.Task[R] | None, make: Callable[[], Awaitable[R]]
    ) -> R:
        if before is not None:
            await asyncio.wait([before])
        own = self._begun[key] = self._waiting.pop(key)
        try:
            return await make()
        finally:
            if self._begun.get(key) is own:
                del self._begun[key]
