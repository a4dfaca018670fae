"""Actions: what was proposed, what was done, and what came of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Select, Table, bindparam

from projections.models import actions
from projections.queries.paging import Page, Pages, asked_for, narrowed, selected, unindexed
from projections.queries.statement import Statement


class ActionRow(msgspec.Struct, frozen=True):
    """An action; times in seconds since the epoch, None for a stage that was not reached.

    `candidates` are `streams.contracts.events.action.Candidate` as plain dicts, `approvals` those
    of `ApprovalGiven` with ``at``, and `preview` what matters of `ActionPreviewed`, with ``at``.
    """

    action_id: str
    tenant_id: str
    agent_id: str
    action: str
    host: str
    state: str
    mode: str
    risk: float | None
    score: float | None
    attempt: int
    finding_id: str
    finding_kind: str
    severity: str
    parameters: dict[str, Any]
    candidates: list[dict[str, Any]]
    group: str
    depends_on: list[str]
    timeout_s: float | None
    policy_version: int
    policy_hash: str
    requested_by: str
    reason: str
    detail: str
    approvals: list[dict[str, Any]]
    approved_by: str
    preview_hash: str
    preview: dict[str, Any]
    preview_asked_at: float | None
    expires_at: float | None
    retry_at: float | None
    outcome: str
    verified: bool
    check: str
    duration_s: float | None
    evidence: dict[str, Any]
    proposed_at: float | None
    awaiting_at: float | None
    queued_at: float | None
    granted_at: float | None
    claimed_at: float | None
    verified_at: float | None
    finished_at: float | None
    refused_at: float | None
    correlation_id: str
    causation_id: str
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionQuery:
    """Which actions are asked for; None leaves a property open.

    Parameters
    ----------
    states : collection of str
        Those of `projections.read_models.action.State` that it may be in; empty for any.
    agent_id, finding_id : str or None
        Whom it is done to, and why: a finding's or a request's id.
    action : str or None
        What is done, such as ``service.restart``.
    """

    states: Collection[str] = ()
    agent_id: str | None = None
    finding_id: str | None = None
    action: str | None = None

    @property
    def by_column(self) -> dict[str, Any]:
        """What is asked of single columns, by their names."""
        return asked_for(agent_id=self.agent_id, finding_id=self.finding_id, action=self.action)


ALL_ACTIONS: Final = ActionQuery()


def list_actions(
    connection: Connection,
    tenant: str,
    wanted: ActionQuery = ALL_ACTIONS,
    *,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[ActionRow]:
    """Return one page of the actions that are `wanted`, newest first."""
    asked = wanted.by_column
    values = {**asked, "tenant": tenant, **asked_states(wanted.states)}
    return _listed(tuple(asked), len(wanted.states)).page(connection, values, limit, cursor)


def get_action(connection: Connection, tenant: str, action_id: str) -> ActionRow | None:
    """Return one action, or None where there is none of that id."""
    return _ONE.first(connection, {"tenant": tenant, "id": action_id})


_ALL = selected(actions, ActionRow)
_OWN = _ALL.where(actions.c.tenant_id == bindparam("tenant"))
_ONE = Statement(_OWN.where(actions.c.action_id == bindparam("id")), ActionRow)


def asked_states(states: Collection[str]) -> dict[str, Any]:
    """Return the values of the parameters of `in_states`."""
    return {"states": sorted(states), "state": next(iter(states), "")}


def in_states(query: Select[Any], table: Table, number: int) -> Select[Any]:
    """Return `query` of the actions in as many states: of one, in the order of an index."""
    if number == 1:
        return narrowed(query, table, ["state"])
    if number:
        return query.where(table.c.state.in_(bindparam("states", expanding=True)))
    return query


@lru_cache
def _listed(given: tuple[str, ...], states: int) -> Pages[ActionRow]:
    own = _OWN
    if "finding_id" in given:
        own = _ALL.where(unindexed(actions.c.tenant_id) == bindparam("tenant"))
    query = in_states(narrowed(own, actions, given), actions, states)
    order = [actions.c.created_at, actions.c.action_id]
    return Pages(query, order, ActionRow, descending=True)
