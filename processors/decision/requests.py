"""What a person asks for: proposed as it is, without weighing; every guard still stands."""

from __future__ import annotations

from typing import Final

from processors.decision.candidates import candidate, learnt_of
from processors.decision.proposals import Occasion, proposal
from processors.decision.state import DecisionState, Target
from processors.fold import Message, PolicyInForce
from processors.step import Fact
from streams.contracts.envelope import derived_id
from streams.contracts.events.action import ActionRequested, ActionWithheld, Candidate

MAX_OPEN: Final = 5
"""Requests that may wait on one target: what a person repeats out of impatience is not work."""


def requested(
    state: DecisionState, message: Message, request: ActionRequested, in_force: PolicyInForce
) -> Fact:
    """Return the proposal that a request leads to, or why there is none."""
    request_id = message.event.id if message.event else ""
    key = message.event.subject if message.event else request.target
    target = state.targets.get(key, Target())
    if request.action not in in_force.policy.actions:
        return _withheld(key, request_id, "unknown_action", [], message, in_force)
    learnt = learnt_of(state, request.action, target.agent_type)
    chosen = candidate(request.action, in_force.policy, learnt, request.requested_by)
    if len(target.attempts) >= MAX_OPEN:
        return _withheld(key, request_id, "too_many_requests", [chosen], message, in_force)
    data = proposal(
        derived_id(f"decision/action/{key}", message.position),
        key,
        chosen,
        [chosen],
        Occasion.of_request(request_id, request, target),
        in_force,
    )
    return Fact(key, data, message.at, request_id, request_id)


def _withheld(
    key: str,
    request_id: str,
    reason: str,
    candidates: list[Candidate],
    message: Message,
    in_force: PolicyInForce,
) -> Fact:
    version = in_force.policy.version
    data = ActionWithheld(request_id, "request", key, reason, None, candidates, version)
    return Fact(key, data, message.at, request_id, request_id)
