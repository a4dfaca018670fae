"""Keeps what the views said, so that scrapes of many agents cost one query each few seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

FRESH_S: Final = 5.0
SCOPES: Final = 64
"""Tenants whose answers are kept at once."""


class Kept:
    """One text a tenant; None stands for the whole installation.

    Parameters
    ----------
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._texts: dict[str | None, tuple[float, str]] = {}
        self._one = asyncio.Lock()

    async def get(self, tenant: str | None, ask: Callable[[], Awaitable[str]]) -> str:
        """Return the text of `tenant`, asked for anew where it is older than `FRESH_S`."""
        async with self._one:
            at, text = self._texts.get(tenant, (float("-inf"), ""))
            if self._clock() - at < FRESH_S:
                return text
            text = await ask()
            if len(self._texts) >= SCOPES:
                self._texts.clear()
            self._texts[tenant] = (self._clock(), text)
            return text
