"""Telemetry over HTTP: signed, and acknowledged by the broker before it is answered."""

from __future__ import annotations

from fastapi import APIRouter

from api.identity.guard import Operator, Tenant, own
from api.routes import WRITES
from api.schemas.common import Receipt
from api.schemas.telemetry import Bulk, Measurements
from api.services import Served

router = APIRouter(tags=["telemetry"], responses=WRITES)


@router.post("/agents/{agent_id}/metrics", status_code=202)
async def one(
    served: Served, _caller: Operator, tenant: Tenant, agent_id: str, body: Measurements
) -> Receipt:
    """Report what an agent measured."""
    return await served.report([body.heartbeat(tenant, agent_id)])


@router.post("/telemetry", status_code=202)
async def bulk(served: Served, caller: Operator, tenant: Tenant, body: Bulk) -> Receipt:
    """Report for many agents at once; either all of it is well-formed, or none is written."""
    heartbeats = [
        one.heartbeat(tenant if one.tenant_id is None else own(caller, one.tenant_id), one.agent_id)
        for one in body.heartbeats
    ]
    return await served.report(heartbeats)
