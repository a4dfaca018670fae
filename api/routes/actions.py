"""Actions: what was done and why, requests, and a person's answers."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from api.errors import Problem, invalid, not_found
from api.identity.guard import Approver, Operator, Tenant, Viewer
from api.identity.roles import Identity
from api.routes import READS, WRITES
from api.routes.moments import AsOf
from api.routes.reading import Reading
from api.routes.waiting import WAITS
from api.schemas.actions import ActionRequest, ActionsAsked, ActionView, Answer
from api.schemas.common import Listing, Paging, Receipt
from api.services import Served
from projections.queries.actions import ActionQuery, ActionRow, get_action, list_actions
from projections.queries.as_of import get_action_as_of, list_actions_as_of
from streams.contracts.events.action import ActionRequested, ApprovalGiven, PreviewRequested
from streams.contracts.telemetry import check_id

router = APIRouter(prefix="/actions", tags=["actions"], responses=READS, route_class=Reading)


@router.get("", **WAITS)
def actions(
    served: Served,
    _caller: Viewer,
    tenant: Tenant,
    asked: Annotated[ActionsAsked, Query()],
    paging: Paging,
    as_of: AsOf = None,
) -> Listing[ActionView]:
    """Return actions, newest first; with `as_of` those known by then, as far as they had come."""
    wanted = ActionQuery(**dict(asked))
    if as_of is None:
        page = served.ask(list_actions, tenant, wanted, **dict(paging))
    else:
        page = served.ask(list_actions_as_of, tenant, as_of, wanted, **dict(paging))
    now = time.time() if as_of is None else as_of
    return Listing(items=[ActionView.of(row, now) for row in page.items], next=page.next_cursor)


@router.get("/{action_id}", **WAITS)
def action(
    served: Served, _caller: Viewer, tenant: Tenant, action_id: str, as_of: AsOf = None
) -> ActionView:
    """Return one action with its scores, candidates and outcome, as far as it has or had come."""
    if as_of is None:
        row = served.ask(get_action, tenant, action_id)
    else:
        row = served.ask(get_action_as_of, tenant, action_id, as_of)
    if row is None:
        raise not_found("action", action_id, tenant)
    return ActionView.of(row, time.time() if as_of is None else as_of)


@router.post("", status_code=202, responses=WRITES)
async def request(served: Served, caller: Operator, tenant: Tenant, body: ActionRequest) -> Receipt:
    """Ask for an action; what becomes of it has the event's id as its `finding_id`."""
    check_id("target", body.target)
    key = f"{tenant}/{body.target}"
    asked = ActionRequested(body.action, key, body.parameters, caller.name)
    return await served.receipt(key, asked)


@router.post("/{action_id}/preview", status_code=202, responses=WRITES)
async def preview(served: Served, caller: Operator, tenant: Tenant, action_id: str) -> Receipt:
    """Ask the node anew what a waiting action would do; `action.previewed` tells it."""
    row = await served.ask_aside(get_action, tenant, action_id)
    if row is None:
        raise not_found("action", action_id, tenant)
    _check_awaiting(row)
    asked = PreviewRequested(action_id, caller.name)
    return await served.receipt(f"{tenant}/{row.agent_id}", asked, row.correlation_id)


@router.post("/{action_id}/approve", status_code=202, responses=WRITES)
async def approve(
    served: Served, caller: Approver, tenant: Tenant, action_id: str, body: Answer
) -> Receipt:
    """Let an action go ahead; all guards run again when the answer arrives."""
    return await _answer(served, caller, tenant, action_id, body, approved=True)


@router.post("/{action_id}/reject", status_code=202, responses=WRITES)
async def reject(
    served: Served, caller: Approver, tenant: Tenant, action_id: str, body: Answer
) -> Receipt:
    """Refuse an action that waits."""
    return await _answer(served, caller, tenant, action_id, body, approved=False)


async def _answer(
    served: Served,
    caller: Identity,
    tenant: str,
    action_id: str,
    body: Answer,
    *,
    approved: bool,
) -> Receipt:
    row = await served.ask_aside(get_action, tenant, action_id)
    if row is None:
        raise not_found("action", action_id, tenant)
    _check_answerable(row, caller, body, approved=approved)
    given = ApprovalGiven(
        action_id,
        approved,
        caller.name,
        body.reason,
        body.preview_hash or row.preview_hash,
        body.seen,
        body.exactly,
    )
    return await served.receipt(f"{tenant}/{row.agent_id}", given, row.correlation_id)


def _check_answerable(row: ActionRow, caller: Identity, body: Answer, *, approved: bool) -> None:
    """Refuse early what the governor would refuse as well; its word is the one that counts."""
    _check_awaiting(row)
    if approved and row.requested_by == caller.name:
        detail = f"{caller.name} asked for this action; another person must approve it"
        raise Problem(HTTPStatus.FORBIDDEN, "self-approval", detail)
    if body.exactly and not (approved and body.seen):
        remedy = "approve, with the digest of the dry run as `seen`"
        raise invalid("exactly", body.exactly, remedy)
    shown = row.preview.get("digest", "")
    if body.preview_hash not in ("", row.preview_hash) or body.seen not in ("", shown):
        detail = "the action would now do something else than what was looked at; look again"
        raise Problem(HTTPStatus.CONFLICT, "preview-changed", detail)


def _check_awaiting(row: ActionRow) -> None:
    if row.state != "awaiting":
        detail = f"action {row.action_id} is {row.state}; only one that is awaiting can be answered"
        raise Problem(HTTPStatus.CONFLICT, "not-awaiting", detail)
