"""Conversations of AI agents."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.identity.guard import Tenant, Viewer
from api.routes import READS
from api.routes.reading import Reading
from api.routes.waiting import WAITS
from api.schemas.common import Cursor, Limit, Listing
from api.schemas.conversations import ConversationView
from api.services import Served
from projections.queries.conversations import list_conversations
from streams.contracts.telemetry import check_id

router = APIRouter(prefix="/agents", tags=["agents"], responses=READS, route_class=Reading)


@router.get("/{agent_id}/conversations", **WAITS)
def conversations(
    served: Served,
    _caller: Viewer,
    tenant: Tenant,
    agent_id: str,
    *,
    leaking: Annotated[bool, Query(description="Only those in which something leaked.")] = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Listing[ConversationView]:
    """Return what was judged of an agent's conversations, the latest first; never what was said."""
    check_id("agent_id", agent_id)
    page = served.ask(
        list_conversations, tenant, agent_id, leaking=leaking, limit=limit, cursor=cursor
    )
    items = [ConversationView.model_validate(row) for row in page.items]
    return Listing(items=items, next=page.next_cursor)
