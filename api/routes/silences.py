"""Silences and maintenance windows: made, previewed, listed, ended."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from api.errors import Problem, not_found
from api.idempotency.naming import new_id
from api.identity.guard import Operator, Tenant, Viewer
from api.routes import READS, WRITES
from api.routes.moments import AsOf
from api.routes.reading import Reading
from api.routes.waiting import WAITS
from api.schemas.common import Cursor, Limit, Listing, Receipt
from api.schemas.findings import Reason
from api.schemas.silences import (
    Silenced,
    SilencePreview,
    SilenceReceipt,
    SilenceRequest,
    SilenceView,
)
from api.services import Served, Services
from api.silencing import silence_of
from config.policy import Policy, default_policy, policy_from
from projections.queries.matching import open_matching
from projections.queries.policies import current_policy
from projections.queries.silences import STANDING, count_standing, get_silence, list_silences
from streams.contracts.envelope import rfc3339
from streams.contracts.events.silence import SilenceCreated, SilenceEnded, written
from streams.contracts.events.told import told_event
from streams.producers.silences import publish_silence

router = APIRouter(tags=["silences"], responses=READS, route_class=Reading)
State = Literal["standing", "over", "active", "pending", "expired", "ended", "refused"]


@router.get("/silences", **WAITS)
def silences(
    served: Served,
    _caller: Viewer,
    tenant: Tenant,
    *,
    state: Annotated[
        State | None, Query(description="standing: active or pending; over: the others.")
    ] = None,
    as_of: AsOf = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Listing[SilenceView]:
    """Return silences, newest first; with `as_of` those made by then, as they were."""
    at = time.time() if as_of is None else as_of
    page = served.ask(list_silences, tenant, at, state=state, limit=limit, cursor=cursor)
    return Listing(items=[SilenceView.of(row, at) for row in page.items], next=page.next_cursor)


@router.get("/silences/{silence_id}", **WAITS)
def silence(
    served: Served, _caller: Viewer, tenant: Tenant, silence_id: str, as_of: AsOf = None
) -> SilenceView:
    """Return one silence, as it is or was."""
    row = served.ask(get_silence, tenant, silence_id, as_of)
    if row is None:
        raise not_found("silence", silence_id, tenant)
    return SilenceView.of(row, time.time() if as_of is None else as_of)


@router.post("/silences", status_code=202, responses=WRITES)
async def create(
    served: Served, caller: Operator, tenant: Tenant, body: SilenceRequest
) -> SilenceReceipt:
    """Let findings that match ask for nobody's attention for a while.

    They are raised and recorded as ever; `finding.withheld` and `finding.released` say from when
    until when. In maintenance nothing is done about them automatically either.
    """
    policy, now = await served.ask_aside(_in_force), time.time()
    said = silence_of(body, new_id(), caller, policy.silences, now)
    standing = await served.ask_aside(count_standing, tenant, now)
    if standing >= policy.silences.max_per_tenant:
        detail = f"tenant {tenant} has {standing} silences that are not over; end one of them"
        raise Problem(HTTPStatus.CONFLICT, "too-many-silences", detail)
    position = await _write(served, tenant, said, said.silence_id, now)
    return SilenceReceipt.told(said, position)


@router.post("/silenced", responses=WRITES)
async def preview(
    served: Served, _caller: Operator, tenant: Tenant, body: SilencePreview
) -> Silenced:
    """Tell which open findings a silence with these matchers would withhold now."""
    matchers = [matcher.said for matcher in body.matchers]
    found = await served.ask_aside(open_matching, tenant, matchers)
    return Silenced.model_validate(found)


@router.post("/silences/{silence_id}/end", status_code=202, responses=WRITES)
async def end(
    served: Served, caller: Operator, tenant: Tenant, silence_id: str, body: Reason
) -> Receipt:
    """End a silence before its time; what still fires asks for attention as if it were new."""
    row, now = await served.ask_aside(get_silence, tenant, silence_id), time.time()
    if row is None:
        raise not_found("silence", silence_id, tenant)
    if row.state(now) not in STANDING:
        detail = f"silence {silence_id} is {row.state(now)} already"
        raise Problem(HTTPStatus.CONFLICT, "silence-over", detail)
    event_id = new_id()
    said = SilenceEnded(silence_id, caller.name, body.reason)
    return Receipt(position=await _write(served, tenant, said, event_id, now), event_id=event_id)


async def _write(
    served: Services, tenant: str, said: SilenceCreated | SilenceEnded, event_id: str, now: float
) -> str:
    event = told_event(said, event_id, f"{tenant}/silences", now, said.silence_id)
    await served.put_on_record(event.type, event.subject, **_told(said), event_id=event_id)
    return str(await publish_silence(served.publisher, served.signer, event))


def _told(said: SilenceCreated | SilenceEnded) -> dict[str, str]:
    """Return what the audit trail tells of it."""
    told = {"silence_id": said.silence_id, "reason": said.reason}
    if isinstance(said, SilenceEnded):
        return told
    kind = "maintenance" if said.maintenance else "silence"
    return told | {
        "kind": kind,
        "matchers": written(said.matchers),
        "starts_at": rfc3339(said.starts_at),
        "ends_at": rfc3339(said.ends_at),
    }


def _in_force(connection: Any) -> Policy:
    row = current_policy(connection)
    return default_policy() if row is None else policy_from(row.policy)
