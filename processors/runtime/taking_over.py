"""A partition whose state an earlier version of its step left: carried over, or learnt anew."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any, Final

from processors.migrations import carried, is_carried
from processors.runtime.heap import uncollected
from processors.runtime.lane import Lane
from processors.runtime.snapshot_format import CutOver, Label, Snapshot
from processors.step import Context, Step
from streams.kafka.log_reader import Place

log = logging.getLogger(__name__)

RELEARNT: Final = 20_000_000
"""Records of an inbox, over all partitions, from which a step learns anew at most: some minutes.
Until it has folded them, it heals nothing; what they teach of an hour counts for more than a week
that takes half a day."""


class LaterVersion(RuntimeError):
    """A later release has taken the partition over; this one cannot read what it knows."""


def refuse(step: Step[Any], place: Place, version: int) -> LaterVersion:
    """Return the error that says what to do where a later `version` was there before."""
    return LaterVersion(
        f"{place.topic}/{place.partition}: version {version} of {step.name} has taken over, and"
        f" this release has version {step.version}, which cannot go on from there; run the release"
        f" that ran here last, or a later one"
    )


async def take_over(
    step: Step[Any],
    context: Context,
    states: AsyncIterator[Snapshot],
    last: Label | None,
    kept: range,
) -> Lane | None:
    """Return the lane of a partition that an earlier version had, if one had it.

    Parameters
    ----------
    states : async iterator of Snapshot
        What earlier versions left, the best first; read only as far as needed.
    last : Label or None
        Of the furthest snapshot of an earlier version.
    kept : range
        The offsets of the inbox.
    """
    reasons: list[str] = []
    async for found in states:
        last = last or found.label
        try:
            with uncollected():
                state = carried(step, context, found.label.version, found.data)
        except Exception as error:  # noqa: BLE001  what is damaged may raise anything
            reasons.append(f"of version {found.label.version}: {error!r}")
            continue
        return _carried(step, context, state, found.label, last, kept)
    if last is None or last.position > kept.stop:
        return None
    if not is_carried(step, last.version):
        reasons.append(f"no migration leads from version {last.version} to {step.version}")
    return _relearning(step, context, last, kept, "; ".join(dict.fromkeys(reasons)))


def first_left(label: Label, context: Context, kept: range) -> int:
    """Return the first record that a state leaves to be folded; tell of those that have expired."""
    lost = kept.start - label.position
    if lost > 0:
        log.error("%s: %d records expired before they were folded", context.topic, lost)
    return max(label.position, kept.start)


def _carried(
    step: Step[Any], context: Context, state: Any, label: Label, last: Label, kept: range
) -> Lane:
    since = first_left(label, context, kept)
    origin = CutOver(label.version, max(since, last.position), carried=True, since=since)
    lane = Lane(step, context, state, since, skipped=set(label.skipped))
    _begin(lane, origin, last)
    lane.learns = False
    log.warning(
        "%s takes over from version %d at %s/%d/%d, with its state",
        step.name, label.version, context.topic, context.partition, origin.offset,
    )  # fmt: skip
    return lane


def _relearning(step: Step[Any], context: Context, last: Label, kept: range, reason: str) -> Lane:
    reason = reason or "no snapshot of it is whole"
    since = max(kept.start, last.position - RELEARNT // context.partitions)
    origin = CutOver(last.version, max(since, last.position), since=since, reason=reason)
    lane = Lane(step, context, step.initial(context), since)
    _begin(lane, origin, last)
    log.error(
        "%s cannot take over the state of version %d at %s/%d/%d (%s): it learns anew from %d "
        "records, and forgets what came before them",
        step.name, last.version, context.topic, context.partition, origin.offset, reason,
        origin.offset - since,
    )  # fmt: skip
    return lane


def _begin(lane: Lane, origin: CutOver, last: Label) -> None:
    lane.cut_over, lane.silent_before = origin, origin.offset
    lane.undecided, lane.crossed = True, False
    lane.generation, lane.checkpoint_at = last.generation, 0.0
