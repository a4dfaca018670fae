"""The short way in, for heartbeats that are nothing but new values of metrics that are known.

Most records of a fleet are. What `admission` asks in functions of their own is asked here in one
loop: a record with ten metrics comes in within 3 µs instead of 5. The loop ends at the first record
of which anything else is to be said, and that one goes the long way.
"""

from __future__ import annotations

from collections.abc import Sequence

from processors.surveillance.admission import decoded
from processors.surveillance.batch import Batch
from processors.surveillance.state import SurveillanceState
from processors.surveillance.threats import LETTERS
from streams.contracts.errors import ContractError
from streams.contracts.record import Record
from streams.contracts.telemetry import DEFAULT_TENANT, RESERVED, Heartbeat


def take(  # noqa: C901  calls are what it saves
    state: SurveillanceState, batch: Batch, records: Sequence[Record], first: int
) -> tuple[int, Heartbeat | None]:
    """Put `records` from `first` on into `batch`; return the place of one that is not usual.

    Beside it stands what that one says, where it was read.
    """
    if LETTERS in state.security.rules.events:
        return first, None
    slots, profiles, clear = state.slots, state.profiles, None
    over = state.window_start + state.policy.surveillance.window_s
    for place in range(first, len(records)):
        _, _, _, stamp, _, value, headers = record = records[place]
        if headers or stamp >= over:
            return place, None
        try:
            heartbeat = decoded(value)
        except ContractError:
            return place, None
        slot = slots.get(f"{DEFAULT_TENANT}/{heartbeat.agent_id}")
        if slot is None or (profile := profiles[slot]) is None:
            return place, heartbeat
        shape = tuple(heartbeat.metrics)
        if (
            shape != profile.shape
            or heartbeat.at is not None
            or heartbeat.status is not None
            or heartbeat.labels
            or heartbeat.agent_type is not None
            or heartbeat.sequence is not None
            or heartbeat.message is not None
            or heartbeat.tenant_id != DEFAULT_TENANT
        ):
            return place, heartbeat
        if shape != clear:  # most are like the one before
            if not shape or not RESERVED.isdisjoint(shape):
                return place, heartbeat  # who is gone has no metrics either
            clear = shape
        if stamp > state.time:
            state.time = stamp
        batch.records.append(record)
        batch.slots.append(slot)
        batch.now.append(state.time)
        batch.at.append(stamp)
        batch.declared.append(-1)
        batch.lengths.append(len(shape))
        batch.bases.append(profile.base)
        batch.values.extend(heartbeat.metrics.values())
    return len(records), None
