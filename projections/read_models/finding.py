"""Findings: raised, changed, ended."""

from __future__ import annotations

from typing import Final, get_args

from sqlalchemy import Table

from projections.models import findings
from projections.read_models import response
from projections.read_models.typed import data_as
from projections.rows import Key, Row, Rows, Seen
from streams.contracts.events.finding import (
    FindingChanged,
    FindingEnded,
    FindingRaised,
    FindingReleased,
    FindingWithheld,
)
from streams.contracts.events.response import OfFinding

FindingData = FindingRaised | FindingChanged | FindingEnded | FindingWithheld | FindingReleased
_KINDS: Final[tuple[type[FindingData | OfFinding], ...]] = get_args(FindingData | OfFinding)
_FACTS: Final[tuple[type[FindingData], ...]] = get_args(FindingData)
_ANSWERS: Final[tuple[type[OfFinding], ...]] = get_args(OfFinding)


def raised(rows: Rows, seen: Seen) -> None:
    """Open a finding, with its evidence."""
    data = data_as(seen, FindingRaised)
    row = _row(rows, seen) | {
        "agent_type": data.agent_type,
        "expected_low": data.expected_low,
        "expected_high": data.expected_high,
        "one_in": data.one_in,
        "rule": data.rule,
        "drivers": data.drivers,
        "labels": data.labels,
        "policy_version": data.policy_version,
        "since": data.since,
        "raised_at": seen.at,
        "ended_at": None,
        "end_reason": "",
        "lasted_s": None,
        "event_id": seen.event.id,
        "correlation_id": seen.event.correlationid or data.finding_id,
    }
    rows.put(findings, _judged(row, data, seen.at))


def changed(rows: Rows, seen: Seen) -> None:
    """Note that it got worse or better."""
    rows.put(findings, _judged(_row(rows, seen), data_as(seen, FindingChanged), seen.at))


def ended(rows: Rows, seen: Seen) -> None:
    """Close it."""
    data = data_as(seen, FindingEnded)
    row = _row(rows, seen)
    row |= {"ended_at": seen.at, "end_reason": data.reason, "lasted_s": data.lasted_s}
    rows.put(findings, row)


def withheld(rows: Rows, seen: Seen) -> None:
    """Note which silence keeps it from asking for attention."""
    data = data_as(seen, FindingWithheld)
    row = _row(rows, seen) | {
        "silence_id": data.silence_id,
        "silenced_by": data.silenced_by,
        "silenced_until": data.until,
    }
    rows.put(findings, row)


def released(rows: Rows, seen: Seen) -> None:
    """Note that none does any more."""
    rows.put(findings, _row(rows, seen) | _UNSILENCED)


def answered(rows: Rows, seen: Seen) -> None:
    """Note what a person said of it; of what is not known nothing is kept."""
    data = data_as(seen, *_ANSWERS)
    row = rows.get(findings, data.finding_id)
    if row is not None and row["tenant_id"] == seen.event.tenant:
        over = row["ended_at"] is not None
        told = response.answered(row, data, seen.at, over=over)
        rows.put(findings, told | {"updated_at": seen.at})


_UNSILENCED: Final[Row] = {"silence_id": "", "silenced_by": "", "silenced_until": None}
FOLDS: Final = {
    "finding.raised": raised,
    "finding.changed": changed,
    "finding.ended": ended,
    "finding.withheld": withheld,
    "finding.released": released,
    "finding.acknowledged": answered,
    "finding.unacknowledged": answered,
    "finding.assigned": answered,
    "finding.commented": answered,
}


def touched(seen: Seen) -> tuple[Table, Key]:
    """Return the row that an event of `FOLDS` changes."""
    return findings, (data_as(seen, *_KINDS).finding_id,)


def _judged(row: Row, data: FindingRaised | FindingChanged, at: float) -> Row:
    return row | {
        "severity": data.severity,
        "severities": [*row["severities"], [at, data.severity]],
        "value": data.value,
        "reaches_limit_at": data.reaches_limit_at,
        "summary": data.summary,
    }


def _row(rows: Rows, seen: Seen) -> Row:
    data = _identified(seen)
    row = rows.get(findings, data.finding_id) or _blank(seen, data)
    row["updated_at"] = seen.at
    return row


def _identified(seen: Seen) -> FindingData:
    return data_as(seen, *_FACTS)


def _blank(seen: Seen, data: FindingData) -> Row:
    tenant, agent = seen.agent
    return {
        "finding_id": data.finding_id,
        "tenant_id": tenant,
        "agent_id": agent,
        "agent_type": "",
        "kind": data.kind,
        "severity": "",
        "metric": getattr(data, "metric", ""),
        "value": None,
        "expected_low": None,
        "expected_high": None,
        "reaches_limit_at": None,
        "one_in": None,
        "rule": "",
        "summary": "",
        "drivers": [],
        "labels": {},
        "severities": [],
        "policy_version": 0,
        "since": None,
        "raised_at": seen.at,
        "ended_at": None,
        "end_reason": "",
        "lasted_s": None,
        **_UNSILENCED,
        **response.blank(),
        "event_id": seen.event.id,
        "correlation_id": seen.event.correlationid or data.finding_id,
        "updated_at": seen.at,
    }
