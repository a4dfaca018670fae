"""The tables, a file a noun; `METADATA` knows them all."""

from projections.models import agents_text as _agents_text  # noqa: F401 - follows a table
from projections.models.action import actions
from projections.models.agent import agents, status_history
from projections.models.audit import audit
from projections.models.base import METADATA
from projections.models.conversation import conversations
from projections.models.dead_letter import dead_letters
from projections.models.event import events
from projections.models.finding import findings
from projections.models.history import (
    action_history,
    agent_history,
    finding_history,
    incident_history,
)
from projections.models.incident import incident_agents, incidents
from projections.models.metric import (
    agent_hours,
    agent_numbers,
    agent_windows,
    open_hours,
    window_blocks,
)
from projections.models.policy import policies
from projections.models.progress import counters, epochs, marks, positions
from projections.models.silence import silences

__all__ = [
    "METADATA",
    "action_history",
    "actions",
    "agent_history",
    "agent_hours",
    "agent_numbers",
    "agent_windows",
    "agents",
    "audit",
    "conversations",
    "counters",
    "dead_letters",
    "epochs",
    "events",
    "finding_history",
    "findings",
    "incident_agents",
    "incident_history",
    "incidents",
    "marks",
    "open_hours",
    "policies",
    "positions",
    "silences",
    "status_history",
    "window_blocks",
]
