"""Findings and incidents acknowledged, assigned and commented: one set of routes for both."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Path

from api.errors import Problem, not_found
from api.identity.guard import Operator, Tenant
from api.routes import WRITES
from api.schemas.common import Receipt
from api.schemas.findings import Reason
from api.schemas.responses import Assignment, Comment
from api.services import Served, Services
from projections.queries.findings import FindingRow, get_finding
from projections.queries.incidents import IncidentRow, get_incident
from streams.contracts.events import response as said


class Noun(NamedTuple):
    """What can be answered: how it is found, and which events say what.

    Parameters
    ----------
    find : callable
        Returns the row of an id, or None.
    over : callable
        Whether the row's is over, and so needs nobody any more.
    subject : callable
        Returns ``tenant/agent`` of a row.
    """

    name: str
    find: Callable[..., Any]
    over: Callable[[Any], bool]
    subject: Callable[[Any], str]
    acknowledged: type[said.Acknowledged]
    unacknowledged: type[said.Unacknowledged]
    assigned: type[said.Assigned]
    commented: type[said.Commented]


def _of_finding(row: FindingRow) -> str:
    return f"{row.tenant_id}/{row.agent_id}"


def _of_incident(row: IncidentRow) -> str:
    return str(row.root.get("agent") or f"{row.tenant_id}/incidents")


FINDING: Final = Noun(
    "finding",
    get_finding,
    lambda row: row.ended_at is not None,
    _of_finding,
    said.FindingAcknowledged,
    said.FindingUnacknowledged,
    said.FindingAssigned,
    said.FindingCommented,
)
INCIDENT: Final = Noun(
    "incident",
    get_incident,
    lambda row: row.status == "closed",
    _of_incident,
    said.IncidentAcknowledged,
    said.IncidentUnacknowledged,
    said.IncidentAssigned,
    said.IncidentCommented,
)


def take_responses(router: APIRouter, noun: Noun) -> None:
    """Add to a noun's router the routes by which people answer it."""
    key = f"{noun.name}_id"
    of_it: str = Path(alias=key)

    @router.post(f"/{{{key}}}/acknowledge", status_code=202, responses=WRITES)
    async def acknowledge(
        served: Served, caller: Operator, tenant: Tenant, body: Reason, thing: str = of_it
    ) -> Receipt:
        """Say that you know of it and look after it, until it is over or you take that back."""
        row = await _standing(served, noun, tenant, thing)
        told = noun.acknowledged(thing, caller.name, body.reason, row.severity)
        return await _tell(served, noun, row, thing, told)

    @router.post(f"/{{{key}}}/unacknowledge", status_code=202, responses=WRITES)
    async def unacknowledge(
        served: Served, caller: Operator, tenant: Tenant, body: Reason, thing: str = of_it
    ) -> Receipt:
        """Take an acknowledgement back, your own or another's."""
        row = await _standing(served, noun, tenant, thing)
        if not row.acknowledged_by:
            detail = f"nobody has acknowledged {noun.name} {thing}"
            raise Problem(HTTPStatus.CONFLICT, "not-acknowledged", detail)
        told = noun.unacknowledged(thing, caller.name, body.reason)
        return await _tell(served, noun, row, thing, told)

    @router.post(f"/{{{key}}}/assign", status_code=202, responses=WRITES)
    async def assign(
        served: Served, caller: Operator, tenant: Tenant, body: Assignment, thing: str = of_it
    ) -> Receipt:
        """Say who is to look after it."""
        row = await _standing(served, noun, tenant, thing)
        told = noun.assigned(thing, caller.name, body.to, body.reason)
        return await _tell(served, noun, row, thing, told)

    @router.post(f"/{{{key}}}/comment", status_code=202, responses=WRITES)
    async def comment(
        served: Served, caller: Operator, tenant: Tenant, body: Comment, thing: str = of_it
    ) -> Receipt:
        """Note something about it, also after its end."""
        row = await _found(served, noun, tenant, thing)
        return await _tell(served, noun, row, thing, noun.commented(thing, caller.name, body.text))


async def _found(served: Services, noun: Noun, tenant: str, thing: str) -> Any:
    row = await served.ask_aside(noun.find, tenant, thing)
    if row is None:
        raise not_found(noun.name, thing, tenant)
    return row


async def _standing(served: Services, noun: Noun, tenant: str, thing: str) -> Any:
    row = await _found(served, noun, tenant, thing)
    if noun.over(row):
        detail = f"{noun.name} {thing} is over, and so is what was to be done about it"
        raise Problem(HTTPStatus.CONFLICT, f"{noun.name}-over", detail)
    return row


async def _tell(served: Services, noun: Noun, row: Any, thing: str, told: Any) -> Receipt:
    correlation = row.correlation_id if noun is FINDING else thing
    return await served.receipt(noun.subject(row), told, correlation)
