"""Findings, open and ended."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table

from projections.models.base import METADATA, count, document, ident, moment, number, text, whole
from projections.models.responses import responses

findings: Final = Table(
    "findings",
    METADATA,
    ident("finding_id", key=True),
    ident("tenant_id"),
    ident("agent_id"),
    ident("agent_type"),
    ident("kind"),
    ident("severity"),
    ident("metric"),
    number("value"),
    number("expected_low"),
    number("expected_high"),
    moment("reaches_limit_at"),
    whole("one_in"),
    ident("rule"),
    text("summary"),
    document("drivers"),
    document("labels"),
    document("severities"),
    count("policy_version"),
    moment("since"),
    moment("raised_at", nullable=False),
    moment("ended_at"),
    ident("end_reason"),
    number("lasted_s"),
    ident("silence_id"),
    ident("silenced_by"),
    moment("silenced_until"),
    *responses(),
    ident("event_id"),
    ident("correlation_id"),
    moment("updated_at", nullable=False),
    Index(None, "tenant_id", "raised_at", "finding_id"),
    Index(None, "tenant_id", "ended_at"),
    Index(None, "tenant_id", "agent_id", "raised_at", "finding_id"),
)
"""One row a finding; `severities` holds ``[at, severity]`` pairs, oldest first.

`silence_id` names what withholds it, or did so last where it has ended; empty where nothing does.
"""
