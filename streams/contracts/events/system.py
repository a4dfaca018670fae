"""Policies, timers and dead letters."""

from __future__ import annotations

from typing import Any

import msgspec


class PolicyChanged(msgspec.Struct, frozen=True):
    """A policy came into force: the whole of it, its version and its hash.

    `shipped` is the policy of a release that was answered by it, part by part: what a release
    ships later is held against that. None where it is still the one of before, or of the first
    start the policy itself.
    """

    version: int
    hash: str
    policy: dict[str, Any]
    changed_by: str
    reason: str = ""
    shipped: dict[str, Any] | None = None


class TimerSet(msgspec.Struct, frozen=True):
    """A step wants a tick in one partition of its inbox at `due` (seconds since the epoch)."""

    inbox: str
    partition: int
    due: float


class DeadLetter(msgspec.Struct, frozen=True):
    """A record that was not accepted: why, where it lies, and all of it for a redrive."""

    reason: str
    detail: str
    topic: str
    partition: int
    offset: int
    key: str
    value: str
    headers: list[tuple[str, str]]
    truncated: bool = False


class RecordDiscarded(msgspec.Struct, frozen=True):
    """A person looked at a dead letter or a skipped record, and nothing more is to come of it.

    `letter_id` is the id of the event that told of it.
    """

    letter_id: str
    by: str
    reason: str


class RecordRedriven(msgspec.Struct, frozen=True):
    """A person sent the record of a dead letter in once more; surveillance says what came of it.

    `letter_id` is the id of the event that told of it. The rest is the record as it first came:
    where it lay, its bytes in base64, and when it was `stamped` (seconds since the epoch).
    """

    letter_id: str
    by: str
    topic: str
    partition: int
    offset: int
    stamped: float
    key: str
    value: str
    headers: list[tuple[str, str]]


class RecordReadmitted(msgspec.Struct, frozen=True):
    """A redriven record was accepted: what `agent` (``tenant/agent``) says of itself counts."""

    letter_id: str
    agent: str


class RedriveRefused(msgspec.Struct, frozen=True):
    """A redriven record is still not acceptable: a new dead letter, which refers to the first."""

    letter_id: str
    reason: str
    detail: str
    topic: str
    partition: int
    offset: int
    stamped: float
    key: str
    value: str
    headers: list[tuple[str, str]]


class RecordSkipped(msgspec.Struct, frozen=True):
    """An internal record that a step could not handle was passed over, on the record."""

    step: str
    topic: str
    partition: int
    offset: int
    reason: str
    detail: str


class StepCutOver(msgspec.Struct, frozen=True):
    """In one partition, a new version of a step took over.

    What follows from records before `offset` was decided by `from_version`, and from there on by
    `to_version`. Its state is the one of `from_version`, `carried` over, or learnt anew from the
    log, for a `reason`; either way it folded the records from `since` on itself.
    """

    step: str
    topic: str
    partition: int
    offset: int
    from_version: int
    to_version: int
    carried: bool
    since: int
    reason: str = ""
