"""The proposal of an action: all that the governor and a person need in order to judge it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from config.policy import ActionPolicy
from processors.decision.state import Target
from processors.fold import PolicyInForce
from streams.contracts.events.action import ActionProposed, ActionRequested, Candidate
from streams.contracts.events.finding import FindingRaised
from streams.contracts.labels import dependencies, host_of


class Occasion(NamedTuple):
    """What an action is proposed for: a finding, or a person's wish.

    Parameters
    ----------
    id : str
        The finding's, or the request's.
    agent_type : str
        Of the target, where the finding says.
    attempt : int
        Which try in a row it is.
    parameters : mapping
        Beyond those of the policy.
    requested_by : str
        Empty where a finding led here.
    """

    id: str
    kind: str
    severity: str
    labels: Mapping[str, str]
    agent_type: str = ""
    attempt: int = 1
    parameters: Mapping[str, Any] = {}
    requested_by: str = ""

    @classmethod
    def of_finding(cls, raised: FindingRaised, attempt: int) -> Occasion:
        """Return the occasion that a finding is."""
        return cls(
            raised.finding_id,
            raised.kind,
            raised.severity,
            raised.labels,
            raised.agent_type,
            attempt,
        )

    @classmethod
    def of_request(cls, request_id: str, request: ActionRequested, target: Target) -> Occasion:
        """Return the occasion that a person's request is."""
        return cls(
            request_id,
            "request",
            "high",
            target.labels,
            parameters=request.parameters,
            requested_by=request.requested_by,
        )


def proposal(
    action_id: str,
    key: str,
    chosen: Candidate,
    candidates: Sequence[Candidate],
    occasion: Occasion,
    in_force: PolicyInForce,
) -> ActionProposed:
    """Return the proposal of `chosen` for the target `key` (``tenant/agent``)."""
    action = in_force.policy.actions.get(chosen.action, ActionPolicy())
    return ActionProposed(
        action_id=action_id,
        action=chosen.action,
        target=key,
        host=host_of(key, occasion.agent_type, occasion.labels),
        parameters={**action.parameters, **occasion.parameters},
        finding_id=occasion.id,
        finding_kind=occasion.kind,
        severity=occasion.severity,
        attempt=occasion.attempt,
        mode=chosen.mode,
        risk=chosen.risk,
        score=chosen.score,
        timeout_s=action.timeout_s,
        candidates=list(candidates),
        policy_version=in_force.policy.version,
        policy_hash=in_force.hash,
        group=occasion.labels.get("group", ""),
        depends_on=list(dependencies(occasion.labels)),
        requested_by=occasion.requested_by,
    )
