"""Where certainty ends: from the first command that would have been another, for each target."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from processors.step import Fact
from projections.what_if.pairs import Pair
from projections.what_if.spool import Written
from streams.contracts.envelope import Event, encode_data, outgoing, rfc3339
from streams.contracts.events.action import ActionFinished, CarryOut, Command
from streams.contracts.events.registry import EVENT_TYPES
from streams.contracts.record import Outgoing
from streams.contracts.topics import GOVERNANCE

_OUTCOMES: Final = frozenset({"action.claimed", "action.finished"})
_EFFECT: Final = ("action", "target", "host", "parameters", "timeout_s", "dry_run")


class Divergences:
    """Follows the commands of both folds.

    Attributes
    ----------
    since : dict of str to float
        When each target was first commanded otherwise, seconds since the epoch.
    outcomes : Counter of str
        Recorded outcomes that say nothing of the candidate, as they came after that, by target.
    """

    def __init__(self) -> None:
        self.since: dict[str, float] = {}
        self.outcomes: Counter[str] = Counter()
        self._shared: set[str] = set()

    def add(self, pair: Pair) -> Outgoing | None:
        """Take a pair of facts; return what ends a command of which no outcome is on record.

        It ends as ``simulated``, which teaches nothing and holds no slot.
        """
        commanded = pair.after if pair.after is not None else pair.before
        command = None if commanded is None else _command(commanded)
        if commanded is None or command is None:
            return None
        if _effect(pair.before) == _effect(pair.after) and commanded.subject not in self.since:
            self._shared.add(command.action_id)
            return None
        self.since.setdefault(commanded.subject, commanded.at)
        return None if pair.after is None else _ended(pair.after, command)

    def unknown(self, written: Written, action_id: str) -> bool:
        """Say whether a record is an outcome that would have been another, and count it."""
        if written.type not in _OUTCOMES or written.subject not in self.since:
            return False
        if action_id in self._shared:
            return False
        self.outcomes[written.subject] += 1
        return True


def _command(fact: Fact) -> Command | None:
    said = fact.data.command if isinstance(fact.data, CarryOut) else fact.data
    return said if isinstance(said, Command) else None


def _effect(fact: Fact | None) -> tuple[Any, ...] | None:
    command = None if fact is None else _command(fact)
    return None if command is None else tuple(getattr(command, name) for name in _EFFECT)


def _ended(fact: Fact, command: Command) -> Outgoing:
    kind = EVENT_TYPES["action.finished"]
    data = ActionFinished(
        command.action_id,
        command.action,
        command.target,
        command.host,
        outcome="simulated",
        verified=False,
        detail="what it would have done is unknown",
        duration_s=0.0,
    )
    event = Event(
        id=f"what-if-{command.action_id}",
        source="/what-if",
        type=kind.name,
        subject=fact.subject,
        time=rfc3339(fact.at),
        tenant=fact.subject.partition("/")[0],
        data=encode_data(data),
        dataschema=kind.dataschema,
        correlationid=fact.correlation,
    )
    return outgoing(event, GOVERNANCE.name, 0)
