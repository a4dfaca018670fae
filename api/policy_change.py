"""Puts a policy in force for a person: one after the other, and on record before it counts."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec
from sqlalchemy import Connection

from api.errors import Problem
from api.idempotency.naming import new_id
from api.schemas.policy import PolicyReceipt
from api.services import InForce, Services
from config.policy import Policy, PolicyError, default_policy, policy_from, policy_hash
from config.shipped import answered
from processors.security.sense import senseless
from projections.queries.policies import PolicyRow, answered_policy, list_policies
from streams.producers.policy import publish_policy

Change = Callable[[InForce], InForce]
"""From what is in force to what shall be; versions are given by the installation."""


async def put_in_force(
    served: Services, by: str, reason: str, replaces: int | None, change: Change
) -> PolicyReceipt:
    """Write what `change` makes of the policy in force to the log.

    Parameters
    ----------
    by, reason : str
        Who changes it, and why.
    replaces : int, optional
        The version that they looked at; refused where it is outdated.

    Raises
    ------
    Problem
        If another version is in force.
    PublishError
        If the broker did not acknowledge it.
    """
    identity = new_id()
    async with served.versions.one_change:
        rows, present = await served.ask_aside(_known)
        before = next((row for row in rows if row.event_id == identity), None)
        if before is None:
            present = _latest(served, present)
            wanted = _numbered(change(present), _next(present, replaces))
        else:  # a keyed request that was cut short is written to the end as it was
            wanted = _of(before.policy, before.shipped or plain(present.answered))
        receipt = await _write(served, by, reason, identity, present, wanted)
        served.versions.latest = _latest(served, wanted)
    return receipt


async def in_force(served: Services) -> InForce:
    """Return the policy in force, and the shipped one that was answered last."""
    _, present = await served.ask_aside(_known)
    return _latest(served, present)


def meant(document: Any) -> Policy:
    """Return the policy that somebody wrote.

    Raises
    ------
    PolicyError
        If it is none, or has rules that never apply.
    """
    policy = policy_from(document)
    for told in senseless(policy.surveillance):
        raise PolicyError(told)
    return policy


def plain(policy: Policy) -> dict[str, Any]:
    """Return a policy as an event tells it, with every key."""
    document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(policy))
    return document


def caught_up(present: InForce, wanted: Policy) -> InForce:
    """Return `wanted` with what it has of the shipped policy answered by that."""
    base = answered(plain(present.answered), plain(wanted), plain(default_policy()))
    return InForce(wanted, policy_from(base))


async def _write(
    served: Services, by: str, reason: str, identity: str, present: InForce, wanted: InForce
) -> PolicyReceipt:
    policy = wanted.policy
    version, digest = policy.version, policy_hash(policy)
    await served.put_on_record(
        "policy.changed", "policy", version=str(version), hash=digest, reason=reason
    )
    shipped = None if wanted.answered == present.answered else wanted.answered
    event, place = await publish_policy(
        served.publisher, served.signer, policy, by, reason, identity=identity, shipped=shipped
    )
    return PolicyReceipt(version=version, hash=digest, event_id=event.id, position=str(place))


def _known(connection: Connection) -> tuple[list[PolicyRow], InForce]:
    rows, base = list_policies(connection), answered_policy(connection)
    if base is None:
        return rows, InForce(default_policy(), default_policy())
    return rows, _of(rows[0].policy, base)


def _of(policy: dict[str, Any], base: dict[str, Any]) -> InForce:
    return InForce(policy_from(policy), policy_from(base))


def _latest(served: Services, seen: InForce) -> InForce:
    """Return the later of what is seen and what was changed here a moment ago."""
    latest = served.versions.latest
    behind = latest is not None and latest.policy.version > seen.policy.version
    return latest if latest is not None and behind else seen


def _next(present: InForce, replaces: int | None) -> int:
    current = present.policy.version
    if replaces not in (None, current):
        detail = f"version {current} is in force, not {replaces}; look at it and try again"
        raise Problem(HTTPStatus.CONFLICT, "policy-outdated", detail)
    return current + 1


def _numbered(wanted: InForce, version: int) -> InForce:
    return wanted._replace(policy=msgspec.structs.replace(wanted.policy, version=version))
