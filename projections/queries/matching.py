"""Which open findings a silence would withhold: its own rule, asked of the views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from processors.silences.matching import matches
from projections.queries.findings import FindingQuery, FindingRow, list_findings
from projections.queries.paging import MAX_LIMIT
from streams.contracts.events.finding import FindingRaised
from streams.contracts.events.silence import Matcher

LOOKED_AT: Final = 20_000
LISTED: Final = 100
_OPEN: Final = FindingQuery(state="open")


@dataclass(frozen=True, slots=True)
class Matching:
    """How many of the `open` findings match, whom they are about, and the newest of them."""

    matching: int
    open: int
    agents: list[str]
    findings: list[str]


def open_matching(connection: Connection, tenant: str, matchers: Sequence[Matcher]) -> Matching:
    """Return which of a tenant's newest `LOOKED_AT` open findings match."""
    found: list[FindingRow] = []
    looked_at, cursor = 0, None
    while looked_at < LOOKED_AT:
        page = list_findings(connection, tenant, _OPEN, limit=MAX_LIMIT, cursor=cursor)
        looked_at += len(page.items)
        found += [row for row in page.items if matches(matchers, *_said(tenant, row))]
        cursor = page.next_cursor
        if cursor is None:
            break
    agents = sorted({row.agent_id for row in found})[:LISTED]
    return Matching(len(found), looked_at, agents, [row.finding_id for row in found[:LISTED]])


def _said(tenant: str, row: FindingRow) -> tuple[str, FindingRaised]:
    raised = FindingRaised(
        row.finding_id,
        row.kind,
        row.severity,
        row.metric,
        row.value,
        row.expected_low,
        row.expected_high,
        row.since or row.raised_at,
        row.summary,
        row.policy_version,
        agent_type=row.agent_type,
        labels=row.labels,
        rule=row.rule,
    )
    return f"{tenant}/{row.agent_id}", raised
