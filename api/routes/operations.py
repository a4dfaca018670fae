"""Operations on many agents: previewed, asked for, and told of."""

from __future__ import annotations

import time
from collections import Counter
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection

from api.errors import Problem, invalid, not_found
from api.idempotency.naming import new_id
from api.identity.guard import Operator, Tenant, Viewer
from api.identity.roles import Identity
from api.routes import READS, WRITES
from api.routes.reading import Reading
from api.routes.waiting import WAITS
from api.schemas.operations import (
    BECOMES,
    MOST,
    OperationPreview,
    OperationReceipt,
    OperationRequest,
    OperationView,
    Touched,
)
from api.services import Served, Services
from processors.lifecycle.transitions import Refused, Status, transition
from projections.queries.agents import AgentQuery
from projections.queries.operations import (
    Asked,
    Outcome,
    find_operation,
    outcomes_of,
    statuses_of,
    statuses_where,
)
from streams.contracts.envelope import Event
from streams.contracts.events.agent import LifecycleRequested, RelearnRequested
from streams.contracts.events.operation import OperationRequested
from streams.contracts.events.told import told_event

router = APIRouter(prefix="/operations", tags=["agents"], responses=READS, route_class=Reading)


@router.post("/preview", responses=WRITES)
async def preview(
    served: Served, _caller: Operator, tenant: Tenant, body: OperationPreview
) -> Touched:
    """Tell which agents an operation would touch now, and how many would refuse it."""
    found = await _chosen(served, tenant, body)
    refused = _refusals(body.operation, found)
    allowed = len(found) - refused.total()
    return Touched(
        agents=sorted(found),
        touched=len(found),
        allowed=allowed,
        refused=dict(sorted(refused.items())),
    )


@router.post("", status_code=202, responses=WRITES)
async def request(
    served: Served, caller: Operator, tenant: Tenant, body: OperationRequest
) -> OperationReceipt:
    """Ask the same of many agents; each answers for itself, as if it alone had been asked."""
    found = await _chosen(served, tenant, body)
    if len(found) != body.expected:
        detail = f"it would touch {len(found)} agents, not {body.expected}; look at them again"
        raise Problem(HTTPStatus.CONFLICT, "fleet-changed", detail)
    said = OperationRequested(
        new_id(), body.operation, sorted(found), _told(body), body.reason, caller.name
    )
    conditions = {f"where_{name}": value for name, value in said.chosen_by.items()}
    told = {"operation": said.operation, "reason": said.reason, "touched": str(len(found))}
    subject = f"{tenant}/operations"
    await served.put_on_record(
        "fleet.operation_requested", subject, **told, **conditions, event_id=said.operation_id
    )
    position = await served.publish_told(_events(tenant, said, caller))
    return OperationReceipt(
        position=position,
        event_id=said.operation_id,
        operation_id=said.operation_id,
        touched=len(found),
    )


@router.get("/{operation_id}", **WAITS)
def operation(served: Served, _caller: Viewer, tenant: Tenant, operation_id: str) -> OperationView:
    """Return what was asked of many agents, and what became of it at each."""
    found = served.ask(_with_outcomes, tenant, operation_id)
    if found is None:
        raise not_found("operation", operation_id, tenant)
    (data, at), outcomes = found
    kept = ("operation_id", "operation", "chosen_by", "reason", "requested_by")
    counts = Counter(outcome.state for outcome in outcomes)
    told = {
        "at": at,
        "touched": len(outcomes),
        "counts": {state: counts[state] for state in ("done", "refused", "asked")},
        "outcomes": [outcome._asdict() for outcome in outcomes],
    }
    return OperationView.model_validate({name: data[name] for name in kept} | told)


def _with_outcomes(
    connection: Connection, tenant: str, operation_id: str
) -> tuple[Asked, list[Outcome]] | None:
    asked = find_operation(connection, tenant, operation_id)
    if asked is None:
        return None
    agents, status = asked.data["agents"], BECOMES.get(asked.data["operation"])
    reason = _reason(asked.data["reason"], operation_id)
    return asked, outcomes_of(connection, tenant, operation_id, agents, status, reason)


async def _chosen(served: Services, tenant: str, body: OperationPreview) -> dict[str, str]:
    """Return the agents that are meant with their statuses; nothing never means everything."""
    wanted = None if body.where is None else AgentQuery(**body.where.wanted)
    if bool(body.agents) == bool(wanted and _told(body)):
        raise invalid("where", None, "name agents, or give conditions that choose some")
    if wanted is None:
        found = await served.ask_aside(statuses_of, tenant, body.agents)
        for missing in sorted({*body.agents} - found.keys()):
            raise not_found("agent", missing, tenant)
        return found
    chosen = await served.ask_aside(statuses_where, tenant, wanted, MOST)
    if chosen is None:
        remedy = f"more than {MOST} agents match; narrow it down"
        raise invalid("where", str(_told(body)), remedy, "too-many-agents")
    if not chosen:
        raise Problem(HTTPStatus.CONFLICT, "no-agents", "no agent matches; there is nothing to do")
    return chosen


def _told(body: OperationPreview) -> dict[str, str]:
    """Return the conditions that choose agents, as text."""
    given: dict[str, Any] = {}
    if body.where is not None:
        given = body.where.model_dump(exclude_defaults=True, by_alias=True)
    return {
        name: ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in given.items()
    }


def _refusals(operation: str, found: dict[str, str]) -> Counter[str]:
    status = BECOMES.get(operation)
    if status is None:
        return Counter()
    answers = (transition(Status(each), status, "") for each in found.values())
    return Counter(answer.reason for answer in answers if isinstance(answer, Refused))


def _reason(reason: str, operation_id: str) -> str:
    """Return why an agent changes: by it the change is known again as this operation's."""
    return f"{reason} (operation {operation_id})"


def _events(tenant: str, said: OperationRequested, caller: Identity) -> list[Event]:
    now, operation_id = time.time(), said.operation_id
    asked: LifecycleRequested | RelearnRequested
    if (status := BECOMES.get(said.operation)) is not None:
        reason = _reason(said.reason, operation_id)
        asked = LifecycleRequested(status, reason, caller.name)
    else:
        asked = RelearnRequested([], said.reason, caller.name)
    made = [told_event(said, operation_id, f"{tenant}/operations", now, operation_id)]
    made += [
        told_event(asked, new_id(), f"{tenant}/{agent}", now, operation_id) for agent in said.agents
    ]
    return made
