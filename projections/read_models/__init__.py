"""From facts to rows, a file a noun; pure.

`fold` is the whole of it: one fact, and the rows that follow from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy import Table

from projections.read_models import (
    action,
    agent,
    audit,
    conversation,
    dead_letter,
    event,
    finding,
    history,
    incident,
    metric,
    policy,
    silence,
)
from projections.rows import Key, Rows, Seen

Fold = Callable[[Rows, Seen], None]

FOLDS: Final[dict[str, Fold]] = {
    **agent.FOLDS,
    **finding.FOLDS,
    **action.FOLDS,
    **incident.FOLDS,
    **policy.FOLDS,
    **silence.FOLDS,
    **audit.FOLDS,
    **conversation.FOLDS,
    **metric.FOLDS,
    **dead_letter.FOLDS,
}
"""Type of event to its fold; a type without one is kept in the log of events alone."""


def fold(rows: Rows, seen: Seen) -> None:
    """Change `rows` as `seen` says."""
    specific = FOLDS.get(seen.event.type)
    if specific is not None:
        specific(rows, seen)
        for thing in things(seen):
            history.remember(rows, seen, thing)
    event.append(rows, seen)
    rows.count("facts", seen.event.type)


def touches(seen: Seen) -> list[tuple[Table, Key]]:
    """Return the rows that the fold of `seen` will ask for, so that they load in one go."""
    return [row for thing in things(seen) for row in (thing, *history.opened(thing))]


def things(seen: Seen) -> list[tuple[Table, Key]]:
    """Return the agent, finding, action or incident that `seen` is about, by table and key."""
    for model in (agent, finding, action, incident):
        if seen.event.type in model.FOLDS:
            return [model.touched(seen)]
    return []
