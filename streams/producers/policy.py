"""Puts a policy in force: on the permanent record, and into every inbox that decides by it."""

from __future__ import annotations

import time
import uuid
from typing import Final

import msgspec

from config.policy import Policy, default_policy, policy_hash
from streams.contracts.envelope import Event, encode_event, outgoing
from streams.contracts.events.system import PolicyChanged
from streams.contracts.events.told import told_event
from streams.contracts.record import Position
from streams.contracts.topics import CORRELATION, DECISIONS, GOVERNANCE, POLICIES, TELEMETRY
from streams.contracts.trust import RecordKind, Signer
from streams.kafka.connection import Connection
from streams.kafka.log_reader import LogReader
from streams.kafka.publisher import Publisher

INBOXES: Final = (TELEMETRY, DECISIONS, GOVERNANCE, CORRELATION)
_SUBJECT: Final = "default/policy"
_AT_ONCE: Final = 20
"""Policies that are read at once, from the latest back."""


async def publish_policy(
    publisher: Publisher,
    signer: Signer,
    policy: Policy,
    by: str,
    reason: str = "",
    *,
    identity: str | None = None,
    shipped: Policy | None = None,
) -> tuple[Event, Position]:
    """Write `policy` to the record of policies, then into every partition of every inbox.

    Parameters
    ----------
    by : str
        Who changed it.
    reason : str
        Why, for whoever reads the record later.
    identity : str, optional
        The event's id: the same one where the same change is written again.
    shipped : Policy, optional
        What is answered by it of the policy that a release ships; see `PolicyChanged`.

    Returns
    -------
    tuple of Event and Position
        The ``policy.changed`` that was written everywhere, with one id, and where it lies in the
        record of policies.

    Raises
    ------
    PublishError
        If the broker did not acknowledge all of it. Written again it does no harm: steps take
        a policy whose version is not below the one in force.
    """
    event = _changed(policy, by, reason, identity or str(uuid.uuid4()), shipped)
    written = await publisher.publish([signer.sign(outgoing(event, POLICIES.name, 0))])
    await _broadcast(publisher, signer, encode_event(event))
    return event, written[0]


async def ensure_policy(connection: Connection, publisher: Publisher, signer: Signer) -> None:
    """Put the shipped policy in force where none is, or tell the inboxes of the latest again.

    The latter mends a change that was interrupted between the record and the inboxes. What was
    forged or damaged there since is passed over: what is broadcast bears our signature.
    """
    latest = await _latest(connection, signer)
    if latest is None:
        await publish_policy(publisher, signer, default_policy(), "homeostat", "first start")
    else:
        await _broadcast(publisher, signer, latest)


def _changed(policy: Policy, by: str, reason: str, identity: str, shipped: Policy | None) -> Event:
    plain, answered = msgspec.to_builtins(policy), msgspec.to_builtins(shipped)
    data = PolicyChanged(policy.version, policy_hash(policy), plain, by, reason, answered)
    return told_event(data, identity, _SUBJECT, time.time(), identity)


async def _broadcast(publisher: Publisher, signer: Signer, value: bytes) -> None:
    for inbox in INBOXES:
        await publisher.broadcast(inbox.name, value, signer, RecordKind.EVENT)


async def _latest(connection: Connection, signer: Signer) -> bytes | None:
    async with LogReader(connection) as reader:
        begins = await reader.beginning_offsets([POLICIES.name])
        ((place, end),) = (await reader.end_offsets([POLICIES.name])).items()
        while end > begins[place]:
            start = max(begins[place], end - _AT_ONCE)
            batches = reader.read({place: start}, {place: end})
            records = [record async for batch in batches for record in batch]
            trusted = (record.value for record in reversed(records) if signer.told(record))
            if (found := next(trusted, None)) is not None:
                return found
            end = start
    return None
