"""The policy: the one in force, and its change."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi import APIRouter

from api.errors import invalid
from api.identity.guard import Approver, InstallationAdmin, Tenant, Viewer
from api.policy_change import caught_up, meant, put_in_force
from api.routes import READS, WRITES, problem
from api.routes.reading import Reading
from api.routes.waiting import WAITS
from api.schemas.policy import PolicyChange, PolicyReceipt, PolicyView
from api.schemas.what_if import WhatIfQuestion, WhatIfView
from api.services import Served
from api.what_if.asking import Asking
from config.policy import default_policy, policy_hash
from projections.queries.policies import current_policy
from projections.what_if.bounds import Span

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
    wanted = meant(body.policy)
    return await put_in_force(
        served, caller.name, body.reason, body.replaces, lambda present: caught_up(present, wanted)
    )


@router.post("/what-if", responses=WRITES | _SLOW)
async def what_if(
    asking: Asking, _caller: Approver, tenant: Tenant, body: WhatIfQuestion
) -> WhatIfView:
    """Fold the newest of the recorded log under a policy; tell what it would decide differently.

    Nothing is put in force and nothing is done. One question of a tenant is answered at a time.
    """
    candidate = meant(body.policy)
    since = None if body.since is None else body.since.timestamp()
    until = None if body.until is None else body.until.timestamp()
    if since is not None and until is not None and since >= until:
        raise invalid("since", str(body.since), f"name a moment before until, {body.until}")
    return WhatIfView.model_validate(await asking.ask(candidate, Span(since, until, tenant)))


def _shipped() -> PolicyView:
    policy = default_policy()
    return PolicyView(
        version=policy.version,
        hash=policy_hash(policy),
        policy=msgspec.to_builtins(policy),
        changed_by="homeostat",
        reason="as shipped",
    )
