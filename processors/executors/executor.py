"""What every action has: a preview, an effect, a verification and an undo."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from streams.contracts.events.action import Command


class NotPossible(RuntimeError):
    """The action cannot or must not be done; `reason` is a stable name, `detail` a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Result:
    """What an effect or a verification came to.

    Parameters
    ----------
    well : bool
        Whether it did what it should.
    detail : str
        One sentence for a person.
    evidence : dict
        What was seen: pids, bytes, exit statuses, latencies.
    """

    well: bool
    detail: str
    evidence: dict[str, Any] = field(default_factory=dict)


class Executor(Protocol):
    """One action of one type, for the command that it was made for.

    Everything is resolved again when it is asked for: what was true when the command was decided
    may have changed since.
    """

    async def preview(self) -> str:
        """Return exactly what `run` would do now, a line a step.

        Raises
        ------
        NotPossible
            Where it would be refused.
        """
        ...

    async def run(self) -> Result:
        """Act."""
        ...

    async def verify(self) -> Result:
        """Look at the target again, without touching it."""
        ...

    async def undo(self) -> Result | None:
        """Put back what `run` changed; None where nothing can or need be put back."""
        ...


class Make(Protocol):
    """Makes the executor for a command."""

    def __call__(self, command: Command) -> Executor:
        """Return it; raises `NotPossible` where the target is unknown or not allowed."""
        ...
