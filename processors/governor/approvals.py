"""A person's answer: what it binds, and why it may not count."""

from __future__ import annotations

import hashlib

import msgspec

from processors.governor.state import GovernorState, Work
from streams.contracts.events.action import ActionProposed, ApprovalGiven


def preview_hash(proposal: ActionProposed, *, dry_run: bool) -> str:
    """Return the SHA-256 of what would be commanded, in hex: an approval is of this and no other.

    Times and attempt numbers are left out: they change while a person thinks.
    """
    content = (
        proposal.action,
        proposal.target,
        proposal.host,
        proposal.parameters,
        proposal.timeout_s,
        dry_run,
    )
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()


def objection(state: GovernorState, answer: ApprovalGiven, at: float) -> tuple[str, str] | None:
    """Return why an answer does not count (reason and sentence), or None where it does."""
    work = state.work.get(answer.action_id)
    if work is None:
        return _about_nothing(state, answer)
    if work.state != "awaiting":
        return "approval_duplicate", f"the action is {work.state} already"
    if at >= work.until:
        return "approval_late", "the time for approval is over"
    if answer.approved and answer.by == work.proposal.requested_by:
        return "self_approval", f"{answer.by} asked for the action; another person must approve it"
    if answer.approved and answer.preview_hash not in {"", work.preview_hash}:
        return "approval_mismatch", "the answer is about another preview; look at it again"
    return None


def outdated(work: Work, policy_version: int) -> bool:
    """Say whether the policy changed since the person was asked."""
    return work.policy_version != policy_version


def _about_nothing(state: GovernorState, answer: ApprovalGiven) -> tuple[str, str]:
    how = next((how for ended, how in state.ended if ended == answer.action_id), None)
    if how is None:
        return "approval_unknown", f"no action {answer.action_id} waits for an answer"
    return "approval_late", f"the action has ended already: {how}"
