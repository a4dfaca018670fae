"""Actions from proposal to verified outcome."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, Table

from projections.models.base import METADATA, count, document, ident, moment, number, text

actions: Final = Table(
    "actions",
    METADATA,
    ident("action_id", key=True),
    ident("tenant_id"),
    ident("agent_id"),
    ident("action"),
    ident("host"),
    ident("state"),
    ident("mode"),
    number("risk"),
    number("score"),
    count("attempt"),
    ident("finding_id"),
    ident("finding_kind"),
    ident("severity"),
    document("parameters"),
    document("candidates"),
    ident("group"),
    document("depends_on"),
    number("timeout_s"),
    count("policy_version"),
    ident("policy_hash"),
    ident("requested_by"),
    text("reason"),
    text("detail"),
    document("approvals"),
    ident("approved_by"),
    ident("preview_hash"),
    document("preview"),
    moment("preview_asked_at"),
    moment("expires_at"),
    moment("retry_at"),
    ident("outcome"),
    Column("verified", Boolean, nullable=False),
    ident("check"),
    number("duration_s"),
    document("evidence"),
    moment("proposed_at"),
    moment("awaiting_at"),
    moment("queued_at"),
    moment("granted_at"),
    moment("claimed_at"),
    moment("verified_at"),
    moment("finished_at"),
    moment("refused_at"),
    ident("correlation_id"),
    ident("causation_id"),
    moment("created_at", nullable=False),
    moment("updated_at", nullable=False),
    Index(None, "tenant_id", "created_at", "action_id"),
    Index(None, "tenant_id", "state", "created_at", "action_id"),
    Index(None, "tenant_id", "action", "state", "outcome"),
    Index(None, "finding_id"),
    Index(None, "tenant_id", "agent_id", "created_at", "action_id"),
)
"""One row an action. `state` is proposed, awaiting, queued, granted, claimed, verified, refused or
finished; ``withheld`` where nothing was proposed (its id is then the event's). `preview` is the
latest dry run of what waited for a person, empty where none was told."""
