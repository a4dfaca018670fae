"""Actions, from proposal to outcome.

Their facts come from three writers (decision, governor, executor), whose order within a partition
is not fixed. So a stage sets its own columns, and the state only moves forward.
"""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

import msgspec
from sqlalchemy import Table

from projections.models import actions
from projections.read_models.blank_action import blank
from projections.read_models.typed import data_as
from projections.rows import Key, Row, Rows, Seen
from streams.contracts.events import action as a

State = Literal[
    "proposed", "withheld", "awaiting", "queued", "granted", "claimed", "verified", "refused",
    "finished",
]  # fmt: skip
STATES: Final[tuple[State, ...]] = get_args(State)
_SHOWN: Final = ("host", "preview_hash", "preview", "digest", "refused", "detail")
_RANK: Final[dict[str, int]] = {state: rank for rank, state in enumerate(STATES)}


def proposed(rows: Rows, seen: Seen) -> None:
    """Note what was chosen, and the candidates that lost."""
    data = data_as(seen, a.ActionProposed)
    taken = {
        name: value
        for name, value in msgspec.to_builtins(data).items()
        if name in actions.c and name not in ("action_id", "parameters")
    }
    row = _row(rows, seen) | taken | {"parameters": data.parameters, "proposed_at": seen.at}
    row |= {"correlation_id": seen.event.correlationid, "causation_id": seen.event.causationid}
    _put(rows, row, "proposed")


def withheld(rows: Rows, seen: Seen) -> None:
    """Note that nothing was proposed, and by which rule."""
    data = data_as(seen, a.ActionWithheld)
    row = _row(rows, seen) | {
        "finding_id": data.finding_id,
        "finding_kind": data.finding_kind,
        "reason": data.reason,
        "retry_at": data.retry_at,
        "candidates": msgspec.to_builtins(data.candidates),
        "policy_version": data.policy_version,
        "causation_id": seen.event.causationid,
    }
    _put(rows, row, "withheld")


def awaiting(rows: Rows, seen: Seen) -> None:
    """Note that it waits for a person."""
    data, row = data_as(seen, a.ActionAwaiting), _row(rows, seen)
    row |= {
        "action": data.action,
        "reason": data.reason,
        "expires_at": data.expires_at,
        "preview_hash": data.preview_hash,
        "awaiting_at": seen.at,
        "preview_asked_at": max(row["preview_asked_at"] or seen.at, seen.at),
    }
    _put(rows, row, "awaiting")


def preview_requested(rows: Rows, seen: Seen) -> None:
    """Note that what it would do is asked for anew."""
    row = _row(rows, seen)
    row["preview_asked_at"] = max(row["preview_asked_at"] or seen.at, seen.at)
    rows.put(actions, row)


def previewed(rows: Rows, seen: Seen) -> None:
    """Keep the latest dry run."""
    data, row = data_as(seen, a.ActionPreviewed), _row(rows, seen)
    if seen.at >= row["preview"].get("at", seen.at):
        told = msgspec.to_builtins(data)
        row["preview"] = {name: told[name] for name in _SHOWN} | {"at": seen.at}
    rows.put(actions, row)


def approval_given(rows: Rows, seen: Seen) -> None:
    """Note a person's answer; the governor's fact moves the state."""
    data = data_as(seen, a.ApprovalGiven)
    row = _row(rows, seen)
    _answer(row, seen.event.id, {**msgspec.to_builtins(data), "at": seen.at})
    rows.put(actions, row)


def approval_refused(rows: Rows, seen: Seen) -> None:
    """Note that an answer did not count, and why; it may be known sooner than the answer."""
    data, row = data_as(seen, a.ActionRefused), _row(rows, seen)
    _answer(row, seen.event.causationid, {"refused": data.reason, "detail": data.detail})
    rows.put(actions, row)


def queued(rows: Rows, seen: Seen) -> None:
    """Note that it waits for a slot or a dependency."""
    data = data_as(seen, a.ActionQueued)
    row = _row(rows, seen) | {"action": data.action, "queued_at": seen.at}
    _put(rows, row, "queued", reason=data.reason)


def granted(rows: Rows, seen: Seen) -> None:
    """Note that the command was written."""
    data = data_as(seen, a.ActionGranted)
    row = _row(rows, seen) | {
        "action": data.action,
        "host": data.host,
        "approved_by": data.approved_by,
        "expires_at": data.expires_at,
        "granted_at": seen.at,
    }
    _put(rows, row, "granted", reason="")


def refused(rows: Rows, seen: Seen) -> None:
    """Note that it will not be done, and why."""
    data = data_as(seen, a.ActionRefused)
    row = _row(rows, seen) | {
        "action": data.action,
        "reason": data.reason,
        "detail": data.detail,
        "refused_at": seen.at,
    }
    _put(rows, row, "refused")


def claimed(rows: Rows, seen: Seen) -> None:
    """Note that an executor is about to act."""
    data = data_as(seen, a.ActionClaimed)
    row = _row(rows, seen) | {"action": data.action, "host": data.host, "claimed_at": seen.at}
    _put(rows, row, "claimed")


def verified(rows: Rows, seen: Seen) -> None:
    """Note that the target was checked and is well."""
    data = data_as(seen, a.ActionVerified)
    row = _row(rows, seen) | {"action": data.action, "host": data.host, "check": data.check}
    _put(rows, row | {"verified": True, "verified_at": seen.at}, "verified", detail=data.detail)


def finished(rows: Rows, seen: Seen) -> None:
    """Note what came of it."""
    data = data_as(seen, a.ActionFinished)
    row = _row(rows, seen) | {
        "action": data.action,
        "host": data.host,
        "outcome": data.outcome,
        "verified": data.verified,
        "detail": data.detail,
        "duration_s": data.duration_s,
        "evidence": data.evidence,
        "finished_at": seen.at,
    }
    _put(rows, row, "finished")


FOLDS: Final = {
    "action.proposed": proposed,
    "action.withheld": withheld,
    "action.awaiting_approval": awaiting,
    "action.approval_given": approval_given,
    "action.approval_refused": approval_refused,
    "action.preview_requested": preview_requested,
    "action.previewed": previewed,
    "action.queued": queued,
    "action.granted": granted,
    "action.refused": refused,
    "action.claimed": claimed,
    "action.verified": verified,
    "action.finished": finished,
}


def touched(seen: Seen) -> tuple[Table, Key]:
    """Return the row that an event of `FOLDS` changes."""
    return actions, (_id(seen),)


def _id(seen: Seen) -> str:
    return str(getattr(seen.data, "action_id", seen.event.id))


def _row(rows: Rows, seen: Seen) -> Row:
    row = rows.get(actions, _id(seen)) or blank(_id(seen), seen)
    row["created_at"] = min(row["created_at"], seen.at)
    row["updated_at"] = max(row["updated_at"], seen.at)
    row["correlation_id"] = row["correlation_id"] or seen.event.correlationid
    return row


def _answer(row: Row, event_id: str, told: dict[str, Any]) -> None:
    """Keep what is known of one answer, by the id of the event that gave it."""
    answers = {one.get("event_id", place): one for place, one in enumerate(row["approvals"])}
    answers[event_id] = answers.get(event_id, {}) | {"event_id": event_id} | told
    row["approvals"] = sorted(answers.values(), key=_when)


def _when(answer: dict[str, Any]) -> tuple[float, str]:
    return answer.get("at", 0.0), answer.get("event_id", "")


def _put(rows: Rows, row: Row, state: str, **texts: str) -> None:
    """Write the row; `state`, and the texts that go with it, only where it is a step forward."""
    if _RANK[state] >= _RANK.get(row["state"], -1):
        row |= {"state": state, **texts}
    rows.put(actions, row)
