"""What a process that died had written: written to the end, and answered as it would have been.

Its request may have reached one topic and not another, and the views may show it already, so that
the route would refuse it as done. The event is whole in the views: the same one is written once
more to each of its topics, and readers drop what they have by its id.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from api.idempotency.naming import Named
from api.services import Services
from projections.queries.events import EventRow, find_event
from projections.read_models.event import BULKY
from streams.contracts.envelope import API, Event, rfc3339
from streams.contracts.events.registry import event_type

_OTHERWISE: Final = frozenset({"policy.changed", *BULKY})
"""Types that the route writes again itself: what follows is more than the event, or it is not
whole in the views."""


async def recovered(app: FastAPI, named: Named) -> JSONResponse | None:
    """Return the answer to a request that was done before; None where the route is to do it.

    Raises
    ------
    PublishError
        If the broker did not acknowledge it.
    """
    served: Services = app.state.services
    row = await served.ask_aside(find_event, named.event_id(0))
    if row is None or row.type in _OTHERWISE:
        return None
    receipt = await served.write(_event(row))
    return JSONResponse(receipt.model_dump(mode="json"), HTTPStatus.ACCEPTED)


def _event(row: EventRow) -> Event:
    return Event(
        id=row.id,
        source=API,
        type=row.type,
        subject=row.subject,
        time=rfc3339(row.time),
        tenant=row.tenant_id,
        data=row.data,
        dataschema=event_type(row.type).dataschema,
        correlationid=row.correlation_id,
    )
