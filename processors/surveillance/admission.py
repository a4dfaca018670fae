"""Which records come in: rights, form, time and home of each."""

from __future__ import annotations

import math

from processors.step import Emission
from processors.surveillance import conversations, forward, registry, threats
from processors.surveillance.batch import Batch
from processors.surveillance.clocks import FURTHEST_S, in_log_time, is_believed
from processors.surveillance.presence import declared_code
from processors.surveillance.state import Profile, SurveillanceState
from streams.contracts.errors import ContractError, InvalidField, Untrusted
from streams.contracts.partitioning import partition_for
from streams.contracts.record import Record
from streams.contracts.telemetry import (
    DECLARABLE,
    DEFAULT_TENANT,
    RESERVED,
    Heartbeat,
    check_heartbeat,
    decode_heartbeat,
    parse_time,
    read_heartbeat,
)
from streams.contracts.trust import RecordKind


def admit(
    state: SurveillanceState,
    batch: Batch,
    record: Record,
    kind: RecordKind | None,
    out: list[Emission],
) -> None:
    """Put a heartbeat into `batch`; `out` takes what must be written before the batch.

    Raises
    ------
    ContractError
        Why it does not come in.
    """
    if kind is RecordKind.FORWARD:
        _admit_forward(state, batch, record, out)
        return
    heartbeat = read_heartbeat(record.value)
    trusted = kind is RecordKind.TELEMETRY
    if not trusted:
        check_rights(heartbeat)
    measured = record.timestamp
    if heartbeat.at is not None:
        measured = time_of(state, heartbeat.at, record, batch.beyond)
    at = in_log_time(state.time, measured, record.timestamp)
    key = f"{heartbeat.tenant_id}/{heartbeat.agent_id}"
    slot = state.slots.get(key)
    if slot is None:
        check_heartbeat(heartbeat)
        home = partition_for(key.encode(), state.context.partitions)
        if home != state.context.partition:
            ahead = batch.beyond.pop(record.offset, measured - record.timestamp)
            moved = forward.forwarded(record, key, home, at, trusted=trusted, ahead=ahead)
            batch.early.append(Emission(record.offset, moved))
            return
        slot = newcomer(state, batch, record, heartbeat)
    _gather(state, batch, record, heartbeat, slot, at, out)


def _admit_forward(
    state: SurveillanceState, batch: Batch, record: Record, out: list[Emission]
) -> None:
    inner = forward.open_forward(record, state.seen)
    if inner is None:
        return
    heartbeat = decode_heartbeat(bytes(inner.heartbeat))
    if not inner.trusted:
        check_rights(heartbeat)
    slot = state.slots.get(heartbeat.key)
    if slot is None:
        slot = newcomer(state, batch, record, heartbeat)
    batch.beyond[record.offset] = -math.inf if inner.ahead is None else inner.ahead
    _gather(state, batch, record, heartbeat, slot, inner.at, out)


def newcomer(state: SurveillanceState, batch: Batch, record: Record, heartbeat: Heartbeat) -> int:
    """Register an agent that was never heard of; return its slot."""
    reason = state.blocked.get(heartbeat.key)
    if reason is not None:
        raise ContractError("registration_refused", f"{heartbeat.key} has no place: {reason}")
    batch.early += registry.register(state, record.offset, heartbeat)
    return state.slots[heartbeat.key]


def _gather(
    state: SurveillanceState,
    batch: Batch,
    record: Record,
    heartbeat: Heartbeat,
    slot: int,
    at: float,
    out: list[Emission],
) -> None:
    profile, metrics, status = state.profile(slot), heartbeat.metrics, heartbeat.status
    if profile.gone:
        raise decommissioned(profile)
    if heartbeat.labels or heartbeat.agent_type is not None:
        introduce(state, batch, record, heartbeat, slot, at, out)
    if threats.LETTERS in state.security.rules.events:
        check_heartbeat(heartbeat)  # a dead letter that counts is written before what follows
    if heartbeat.message is not None:
        check_heartbeat(heartbeat)
        conversations.listen(state, batch, record.offset, slot, heartbeat.message, out)
        if not metrics and status is None:
            return  # people speak when they like: it is no heartbeat
    if metrics.keys() != set(profile.shape):
        check_heartbeat(heartbeat)
        batch.scattered.append((len(batch.records), registry.series_for(state, slot, metrics)))
        batch.values.extend(metrics.values())
    else:
        _check_small(heartbeat)
        batch.values.extend([metrics[name] for name in profile.shape])  # their order says nothing
    batch.records.append(record)
    batch.slots.append(slot)
    batch.now.append(state.time)
    batch.at.append(at)
    batch.declared.append(-1 if status is None else declared_code(status))
    batch.lengths.append(len(metrics))
    batch.bases.append(profile.base)


def decommissioned(profile: Profile) -> ContractError:
    """Return why nothing is taken from an agent any more."""
    return ContractError("decommissioned", f"{profile.key} is decommissioned; use another id")


def check_rights(heartbeat: Heartbeat) -> None:
    """Raise `Untrusted` where an unsigned heartbeat says what only a signed one may."""
    if heartbeat.tenant_id != DEFAULT_TENANT:
        detail = f"tenant_id is {heartbeat.tenant_id[:80]!r}; send it through the API with a token"
        raise Untrusted("foreign_tenant", detail)
    if not RESERVED.isdisjoint(heartbeat.metrics):
        names = ", ".join(sorted(RESERVED.intersection(heartbeat.metrics)))
        raise Untrusted("reserved_metric", f"metrics has {names}; only probes may send these")


def _check_small(heartbeat: Heartbeat) -> None:
    status, sequence = heartbeat.status, heartbeat.sequence
    if status is not None and status not in DECLARABLE:
        check_heartbeat(heartbeat)
    if sequence is not None and not 0 <= sequence < 1 << 63:
        check_heartbeat(heartbeat)


def introduce(
    state: SurveillanceState,
    batch: Batch,
    record: Record,
    heartbeat: Heartbeat,
    slot: int,
    at: float,
    out: list[Emission],
) -> None:
    """Take over what an agent says of itself, unless a later record said something else."""
    profile = state.profile(slot)
    kind, labels = profile.agent_type, profile.labels
    if heartbeat.agent_type is not None and at >= profile.type_at:
        kind = heartbeat.agent_type
    if heartbeat.labels and at >= profile.labels_at:
        labels = heartbeat.labels
    if kind != profile.agent_type or labels != profile.labels:
        check_heartbeat(heartbeat)
        out += batch.flush(state)
        out += registry.relabel(state, record.offset, slot, kind, labels)
    if heartbeat.agent_type is not None:
        profile.type_at = max(profile.type_at, at)
    if heartbeat.labels:
        profile.labels_at = max(profile.labels_at, at)


def time_of(
    state: SurveillanceState, given: str | float, record: Record, beyond: dict[int, float]
) -> float:
    """Return when it was measured, as far as the policy believes the sender's clock.

    Where it does not, `beyond` takes by how many seconds that clock is ahead.
    """
    at, stamped = parse_time(given), record.timestamp
    if is_believed(state, at, stamped):
        return at
    if state.policy.surveillance.clock.outside == "clamp":
        beyond[record.offset] = min(max(at - stamped, -FURTHEST_S), FURTHEST_S)
        return stamped
    remedy = "set the sender's clock; see surveillance.clock of the policy"
    raise InvalidField("clock_out_of_range", "at", given, remedy)
