"""The step *decision*: what is wrong goes in, what should be done comes out."""

from __future__ import annotations

from processors.decision.decide import decide
from processors.decision.evolve import evolve
from processors.decision.state import DecisionState
from processors.fold import FoldStep
from processors.silences.book import next_due as next_turn
from streams.contracts.events.registry import EVENT_TYPES
from streams.contracts.topics import DECISIONS

_WRITES = (
    "action.proposed",
    "action.withheld",
    "finding.raised",
    "finding.changed",
    "finding.ended",
    "finding.withheld",
    "finding.released",
    "silence.refused",
    "record.dead_lettered",
)


def decision() -> FoldStep[DecisionState]:
    """Return the step that answers findings and people's requests with proposals.

    Reads findings, requests, refusals, results and ticks; keyed by target, so that everything
    about one agent is decided in order by one owner.
    """
    return FoldStep(
        name="decision",
        version=1,
        inbox=DECISIONS,
        writes=tuple(EVENT_TYPES[name] for name in _WRITES),
        state=DecisionState,
        decide=decide,
        evolve=evolve,
        earliest=_earliest,
    )


def _earliest(state: DecisionState) -> float | None:
    """Return when the next target is to be looked at, or a silence begins or ends."""
    turn = next_turn(state.silences)
    return min([*state.due.values(), *([] if turn is None else [turn])], default=None)
