"""Findings: what is wrong, and what was."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam

from projections.models import findings
from projections.queries.paging import Page, Pages, asked_for, filled, narrowed, selected
from projections.queries.statement import Statement


class FindingRow(msgspec.Struct, frozen=True):
    """A finding; times in seconds since the epoch, `severities` as (at, severity) pairs.

    `correlation_id` is what its actions carry too: see `projections.queries.events.chain`.
    """

    finding_id: str
    tenant_id: str
    agent_id: str
    agent_type: str
    kind: str
    severity: str
    metric: str
    value: float | None
    expected_low: float | None
    expected_high: float | None
    reaches_limit_at: float | None
    one_in: int | None
    rule: str
    summary: str
    drivers: list[str]
    labels: dict[str, str]
    severities: list[tuple[float, str]]
    policy_version: int
    since: float | None
    raised_at: float
    ended_at: float | None
    end_reason: str
    lasted_s: float | None
    silence_id: str
    silenced_by: str
    silenced_until: float | None
    acknowledged_by: str
    acknowledgement: dict[str, Any]
    assigned_to: str
    comments: list[dict[str, Any]]
    event_id: str
    correlation_id: str
    updated_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingQuery:
    """Which findings are asked for; None leaves a property open.

    Parameters
    ----------
    state : str or None
        ``open`` or ``ended``.
    kind, severity, agent_id : str or None
        What a finding must be of.
    silenced : bool or None
        Whether a silence withholds it, or did when it ended.
    acknowledged : bool or None
        Whether somebody looks after it, or did when it ended.
    assigned_to : str or None
        Who is to look after it.

    Raises
    ------
    ValueError
        For another state.
    """

    state: str | None = None
    kind: str | None = None
    severity: str | None = None
    agent_id: str | None = None
    silenced: bool | None = None
    acknowledged: bool | None = None
    assigned_to: str | None = None

    def __post_init__(self) -> None:
        if self.state not in (None, "open", "ended"):
            raise ValueError(f"state is {self.state!r}; use open or ended")

    @property
    def by_column(self) -> dict[str, Any]:
        """What is asked of single columns, by their names."""
        return asked_for(
            kind=self.kind,
            severity=self.severity,
            agent_id=self.agent_id,
            assigned_to=self.assigned_to,
        )

    @property
    def whether(self) -> tuple[tuple[str, bool], ...]:
        """Columns that must, or must not, be empty."""
        asked = asked_for(silence_id=self.silenced, acknowledged_by=self.acknowledged)
        return tuple(asked.items())


ALL_FINDINGS: Final = FindingQuery()


def list_findings(
    connection: Connection,
    tenant: str,
    wanted: FindingQuery = ALL_FINDINGS,
    *,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[FindingRow]:
    """Return one page of the findings that are `wanted`, newest first."""
    asked = wanted.by_column
    pages = _listed(tuple(asked), wanted.state, wanted.whether)
    return pages.page(connection, asked | {"tenant": tenant}, limit, cursor)


def get_finding(connection: Connection, tenant: str, finding_id: str) -> FindingRow | None:
    """Return one finding, or None where there is none of that id."""
    return _ONE.first(connection, {"tenant": tenant, "finding": finding_id})


def finding_of(*values: Any) -> FindingRow:
    """Return the finding of a row's values, in the order of its fields."""
    fields = list(values)
    fields[_PAIRS] = [(at, severity) for at, severity in fields[_PAIRS]]
    return FindingRow(*fields)


_PAIRS = FindingRow.__struct_fields__.index("severities")
_OWN = selected(findings, FindingRow).where(findings.c.tenant_id == bindparam("tenant"))
_ONE = Statement(_OWN.where(findings.c.finding_id == bindparam("finding")), finding_of)


@lru_cache
def _listed(
    given: tuple[str, ...], state: str | None, whether: tuple[tuple[str, bool], ...]
) -> Pages[FindingRow]:
    query, ended = filled(narrowed(_OWN, findings, given), findings, whether), findings.c.ended_at
    if state is not None:
        query = query.where(ended.is_(None) if state == "open" else ended.is_not(None))
    order = [findings.c.raised_at, findings.c.finding_id]
    return Pages(query, order, finding_of, descending=True)
