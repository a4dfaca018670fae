"""Conversations of an agent, newest first."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam

from projections.models import conversations
from projections.queries.paging import Page, Pages, selected


class ConversationRow(msgspec.Struct, frozen=True):
    """What was judged of a conversation; times in seconds since the epoch, quality 0-1."""

    conversation_id: str
    began_at: float
    last_at: float
    messages: int
    answers: int
    quality: float | None
    faults: dict[str, int]
    leaks: dict[str, int]
    evidence: list[dict[str, Any]]
    latency_ms: float | None
    tokens: int
    model: str


def list_conversations(
    connection: Connection,
    tenant: str,
    agent_id: str,
    *,
    leaking: bool = False,
    limit: int = 100,
    cursor: str | None = None,
) -> Page[ConversationRow]:
    """Return an agent's conversations, the one with the latest message first.

    Parameters
    ----------
    leaking : bool
        Only those in which something leaked.
    """
    values = {"tenant": tenant, "agent": agent_id}
    return _listed(leaking).page(connection, values, limit, cursor)


@lru_cache
def _listed(leaking: bool) -> Pages[ConversationRow]:
    c = conversations.c
    query = selected(conversations, ConversationRow).where(
        c.tenant_id == bindparam("tenant"), c.agent_id == bindparam("agent")
    )
    if leaking:
        query = query.where(c.leaking)
    return Pages(query, [c.last_at, c.conversation_id], ConversationRow, descending=True)
