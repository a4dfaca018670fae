"""The step *governor*: one for the whole installation, at the rate of news."""

from __future__ import annotations

from processors.fold import FoldStep
from processors.governor.decide import decide
from processors.governor.evolve import evolve
from processors.governor.state import GovernorState
from processors.migrations import unchanged
from streams.contracts.events.action import Command
from streams.contracts.events.registry import EVENT_TYPES, EventType
from streams.contracts.topics import COMMANDS, GOVERNANCE

_WRITES = (
    "agent.registration_decided",
    "action.awaiting_approval",
    "action.approval_refused",
    "action.queued",
    "action.granted",
    "action.preview",
    "action.preview_refused",
    "action.carry_out",
    "action.refused",
    "action.finished",
    "action.concluded",
    "finding.raised",
    "finding.ended",
    "record.dead_lettered",
)
ANY_COMMAND = EventType("command", Command, (COMMANDS,))
"""Stands for every action's own type in the table of what the step writes."""


def governor() -> FoldStep[GovernorState]:
    """Return the step that grants, queues or refuses actions, and answers registrations.

    It reads one partition, so its order is the order of the whole installation.
    """
    return FoldStep(
        name="governor",
        version=2,
        inbox=GOVERNANCE,
        writes=(*(EVENT_TYPES[name] for name in _WRITES), ANY_COMMAND),
        state=GovernorState,
        decide=decide,
        evolve=evolve,
        earliest=_earliest,
        migrations={1: unchanged},
    )


def _earliest(state: GovernorState) -> float | None:
    """Return when the earliest approval, evidence or running action times out."""
    return min((work.until for work in state.work.values()), default=None)
