"""An action of which nothing is known yet but its id and whom it concerns."""

from __future__ import annotations

from projections.rows import Row, Seen

_TEXTS = (
    "action", "host", "state", "mode", "finding_id", "finding_kind", "severity", "group",
    "policy_hash", "requested_by", "reason", "detail", "approved_by", "preview_hash", "outcome",
    "check", "causation_id",
)  # fmt: skip
_ABSENT = (
    "risk", "score", "timeout_s", "expires_at", "retry_at", "duration_s", "proposed_at",
    "awaiting_at", "queued_at", "granted_at", "claimed_at", "verified_at", "finished_at",
    "refused_at", "preview_asked_at",
)  # fmt: skip


def blank(action_id: str, seen: Seen) -> Row:
    """Return the row of an action before its first fact is folded."""
    tenant, agent = seen.agent
    texts = dict.fromkeys(_TEXTS, "")
    absent = dict.fromkeys(_ABSENT, None)
    return {
        **texts,
        **absent,
        "action_id": action_id,
        "tenant_id": tenant,
        "agent_id": agent,
        "attempt": 1,
        "parameters": {},
        "candidates": [],
        "depends_on": [],
        "approvals": [],
        "evidence": {},
        "preview": {},
        "policy_version": 0,
        "verified": False,
        "correlation_id": seen.event.correlationid,
        "created_at": seen.at,
        "updated_at": seen.at,
    }
