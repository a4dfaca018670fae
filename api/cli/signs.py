"""Signs of life: a byte down a pipe, from a child's own event loop to its supervisor.

A process that lives may still stand still: stopped, or with a loop that never comes back. The
silence of one is counted in the supervisor's own looks, so that a machine that slept, or was too
busy for either, ends nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Final

LIFE: Final = "HOMEOSTAT_LIFE"
"""Names the pipe's descriptor for a child."""
PERIOD_S: Final = 5.0


async def give(period_s: float = PERIOD_S) -> None:
    """Give a sign each period, if somebody waits for it; ends with its task."""
    named = os.environ.get(LIFE)
    if named is None:
        return
    pipe = int(named)
    os.set_inheritable(pipe, False)
    os.set_blocking(pipe, False)
    while True:
        # A supervisor that does not look has enough signs to look at.
        with contextlib.suppress(BlockingIOError):
            os.write(pipe, b".")
        await asyncio.sleep(period_s)


class Signs:
    """A supervisor's end of the pipe.

    Attributes
    ----------
    given : int
        The other end: to be handed down, and then closed by `handed`.
    """

    def __init__(self) -> None:
        self._own, self.given = os.pipe()
        os.set_blocking(self._own, False)

    def handed(self) -> None:
        """Close the end that the child has by now."""
        os.close(self.given)

    async def silence(self, patience_s: float) -> None:
        """Return once no sign came for `patience_s`; ends with its task, which closes the pipe."""
        quiet_s, period_s = 0.0, min(PERIOD_S, patience_s / 4.0)
        try:
            while quiet_s < patience_s:
                await asyncio.sleep(period_s)
                quiet_s = 0.0 if self._came() else quiet_s + period_s
        finally:
            os.close(self._own)

    def _came(self) -> bool:
        try:
            return bool(os.read(self._own, 4096))
        except BlockingIOError:
            return False
