"""Conversations, as they were assessed last."""

from __future__ import annotations

from typing import Final

import msgspec

from projections.models import conversations
from projections.read_models.typed import data_as
from projections.rows import Rows, Seen
from streams.contracts.events.conversation import ConversationAssessed


def assessed(rows: Rows, seen: Seen) -> None:
    """Enter a conversation, or what is known of it by now."""
    tenant, agent = seen.agent
    data = msgspec.to_builtins(data_as(seen, ConversationAssessed))
    own = {"tenant_id": tenant, "agent_id": agent, "leaking": bool(data["leaks"])}
    rows.put(conversations, {**own, **data, "updated_at": seen.at})


FOLDS: Final = {"conversation.assessed": assessed}
