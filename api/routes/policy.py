"""The policy: the one in force, and its change."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi import APIRouter

from api.errors import Problem, invalid
from api.idempotency.naming import new_id
from api.identity.guard import Approver, InstallationAdmin, Tenant, Viewer
from api.routes import READS, WRITES, problem
from api.routes.reading import Reading
from api.routes.waiting import WAITS
from api.schemas.policy import PolicyChange, PolicyReceipt, PolicyView
from api.schemas.what_if import WhatIfQuestion, WhatIfView
from api.services import Served, Services
from api.what_if.asking import Asking
from config.policy import Policy, PolicyError, default_policy, policy_from, policy_hash
from processors.security.sense import senseless
from projections.queries.policies import PolicyRow, current_policy, list_policies
from projections.what_if.bounds import Span
from streams.producers.policy import publish_policy

_SLOW: Final[dict[int | str, dict[str, Any]]] = {
    504: problem("It takes too long; ask about a shorter span, or by command.")
}
router = APIRouter(prefix="/policy", tags=["policy"], responses=READS, route_class=Reading)


@router.get("", **WAITS)
def policy(served: Served, _caller: Viewer) -> PolicyView:
    """Return the policy in force."""
    row = served.ask(current_policy)
    return _shipped() if row is None else PolicyView.model_validate(row)


@router.put("", status_code=202, responses=WRITES)
async def change(served: Served, caller: InstallationAdmin, body: PolicyChange) -> PolicyReceipt:
    """Put a whole policy in force; keys left out take their defaults."""
    wanted, identity = _meant(body.policy), new_id()
    async with served.versions.one_change:
        rows = await served.ask_aside(list_policies)
        # A keyed request that was cut short is written to the end as it was.
        before = next((row.version for row in rows if row.event_id == identity), None)
        version = before or _next_version(served, next(iter(rows), None), body.replaces)
        policy = msgspec.structs.replace(wanted, version=version)
        await served.put_on_record(
            "policy.changed",
            "policy",
            version=str(version),
            hash=policy_hash(policy),
            reason=body.reason,
        )
        event, place = await publish_policy(
            served.publisher, served.signer, policy, caller.name, body.reason, identity=identity
        )
        served.versions.policy = max(version, served.versions.policy)
    return PolicyReceipt(
        version=version, hash=policy_hash(policy), event_id=event.id, position=str(place)
    )


@router.post("/what-if", responses=WRITES | _SLOW)
async def what_if(
    asking: Asking, _caller: Approver, tenant: Tenant, body: WhatIfQuestion
) -> WhatIfView:
    """Fold the newest of the recorded log under a policy; tell what it would decide differently.

    Nothing is put in force and nothing is done. One question of a tenant is answered at a time.
    """
    candidate = _meant(body.policy)
    since = None if body.since is None else body.since.timestamp()
    until = None if body.until is None else body.until.timestamp()
    if since is not None and until is not None and since >= until:
        raise invalid("since", str(body.since), f"name a moment before until, {body.until}")
    return WhatIfView.model_validate(await asking.ask(candidate, Span(since, until, tenant)))


def _next_version(served: Services, row: PolicyRow | None, replaces: int | None) -> int:
    # The views may be behind a change that was made here a moment ago.
    seen = default_policy().version if row is None else row.version
    current = max(seen, served.versions.policy)
    if replaces not in (None, current):
        detail = f"version {current} is in force, not {replaces}; look at it and try again"
        raise Problem(HTTPStatus.CONFLICT, "policy-outdated", detail)
    return current + 1


def _meant(plain: dict[str, Any]) -> Policy:
    policy = policy_from(plain)
    for told in senseless(policy.surveillance):
        raise PolicyError(told)
    return policy


def _shipped() -> PolicyView:
    policy = default_policy()
    return PolicyView(
        version=policy.version,
        hash=policy_hash(policy),
        policy=msgspec.to_builtins(policy),
        changed_by="homeostat",
        reason="as shipped",
    )
