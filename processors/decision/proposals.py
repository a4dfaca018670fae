"""The proposal of an action: all that the governor and a person need in order to judge it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config.policy import ActionPolicy
from processors.fold import PolicyInForce
from streams.contracts.events.action import ActionProposed, Candidate
from streams.contracts.events.finding import FindingRaised
from streams.contracts.labels import dependencies, host_of


def proposal(
    action_id: str,
    key: str,
    chosen: Candidate,
    candidates: list[Candidate],
    in_force: PolicyInForce,
    *,
    labels: Mapping[str, str],
    finding: FindingRaised | None = None,
    finding_id: str = "",
    attempt: int = 1,
    parameters: Mapping[str, Any] | None = None,
    requested_by: str = "",
) -> ActionProposed:
    """Return the proposal of `chosen` for the target `key` (``tenant/agent``).

    Where no finding led to it, `finding_id` is the id of the request that did.
    """
    action = in_force.policy.actions.get(chosen.action, ActionPolicy())
    return ActionProposed(
        action_id=action_id,
        action=chosen.action,
        target=key,
        host=host_of(key, finding.agent_type if finding else "", labels),
        parameters={**action.parameters, **(parameters or {})},
        finding_id=finding.finding_id if finding else finding_id,
        finding_kind=finding.kind if finding else "request",
        severity=finding.severity if finding else "high",
        attempt=attempt,
        mode=chosen.mode,
        risk=chosen.risk,
        score=chosen.score,
        timeout_s=action.timeout_s,
        candidates=candidates,
        policy_version=in_force.policy.version,
        policy_hash=in_force.hash,
        group=labels.get("group", ""),
        depends_on=list(dependencies(labels)),
        requested_by=requested_by,
    )
