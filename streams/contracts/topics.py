"""Every topic, with its settings: the only home of topic names.

Four kinds of topic exist. An *inbox* is what one stateful step reads; it carries ticks, so it
expires. A *fact* topic is the permanent record from which every view is rebuilt; nothing in it
expires. A *snapshot* topic is a cache of a step's state and is compacted. A *checkpoint* topic
holds a state a day for as long as inboxes are kept, so that a fold can begin within them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

DAY_MS: Final = 86_400_000
INBOX_DAYS: Final = 7
"""For which inboxes are kept, unless an installation sets another number."""


class Kind(StrEnum):
    """What a topic is for, which decides how long it is kept."""

    INBOX = "inbox"
    FACTS = "facts"
    SNAPSHOTS = "snapshots"
    CHECKPOINTS = "checkpoints"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic and how it is made.

    Parameters
    ----------
    name : str
        The name on the broker.
    kind : Kind
        Inbox, facts, snapshots or checkpoints.
    single : bool
        One partition only (a governor's inbox, commands); otherwise the installation's number.
    retention_days : float or None
        Days until a record expires; None keeps it for ever.
    log_append_time : bool
        Whether the broker stamps records itself, so that nobody can backdate one.
    """

    name: str
    kind: Kind
    single: bool = False
    retention_days: float | None = None
    log_append_time: bool = False
    extra: dict[str, str] = field(default_factory=dict)

    def partitions(self, installation: int) -> int:
        """Return the number of partitions where the installation uses `installation`."""
        return 1 if self.single else installation

    def config(self) -> dict[str, str]:
        """Return the broker's settings for this topic."""
        config = {"max.message.bytes": str(4 << 20)}
        if self.kind is Kind.SNAPSHOTS:
            config |= {
                "cleanup.policy": "compact",
                "segment.ms": "600000",
                "min.cleanable.dirty.ratio": "0.2",
                "delete.retention.ms": "60000",
                "max.message.bytes": str(64 << 20),
            }
        else:
            kept = -1 if self.retention_days is None else int(self.retention_days * DAY_MS)
            config |= {
                "cleanup.policy": "delete",
                "retention.ms": str(kept),
                "retention.bytes": "-1",
            }
            if self.kind is not Kind.FACTS:
                # Only what lies in a closed file is deleted.
                config["segment.ms"] = str(DAY_MS)
        if self.log_append_time:
            config["message.timestamp.type"] = "LogAppendTime"
        return config | self.extra


def _inbox(name: str, *, single: bool = False) -> Topic:
    return Topic(name, Kind.INBOX, single=single, retention_days=INBOX_DAYS, log_append_time=True)


TELEMETRY: Final = _inbox("telemetry")
"""Heartbeats from everybody, and signed control records. Inbox of *surveillance*."""
DECISIONS: Final = _inbox("decisions")
"""Findings, results of actions, ticks and policies. Inbox of *decision*."""
GOVERNANCE: Final = _inbox("governance", single=True)
"""Proposals, outcomes, approvals, fleet changes. Inbox of the *governor*."""
CORRELATION: Final = _inbox("correlation", single=True)
"""Findings of the whole fleet, and where its agents stand. Inbox of *incidents*."""

FLEET: Final = Topic("fleet", Kind.FACTS)
"""What became of agents: registered, status changed, health changed."""
WINDOWS: Final = Topic("windows", Kind.FACTS, retention_days=400)
"""Closed metric windows, many agents to a record."""
FINDINGS: Final = Topic("findings", Kind.FACTS)
"""Findings raised, changed and ended."""
INCIDENTS: Final = Topic("incidents", Kind.FACTS, single=True)
"""Findings that belong together: opened, changed and closed."""
ACTIONS: Final = Topic("actions", Kind.FACTS)
"""The life of every action: proposed, granted, claimed, finished, verified, undone."""
COMMANDS: Final = Topic("actions.commands", Kind.FACTS, single=True)
"""Signed imperatives to executors."""
POLICIES: Final = Topic("policies", Kind.FACTS, single=True)
"""Every policy ever in force, in order."""
TOKENS: Final = Topic("tokens", Kind.FACTS, single=True)
"""Tokens issued and revoked, in one order for everybody; hashes, never secrets."""
AUDIT: Final = Topic("audit", Kind.FACTS, single=True)
"""Who did what and who was not let, in chains of hashes."""
REQUESTS: Final = Topic("requests", Kind.INBOX, single=True, retention_days=2, log_append_time=True)
"""Requests to the API that name a key, and their answers, in one order for every API process."""
SILENCES: Final = Topic("silences", Kind.FACTS, single=True)
"""Silences and maintenance windows: made, refused and ended, in order."""
DEAD_LETTERS: Final = Topic("dead-letters", Kind.FACTS, single=True)
"""Records from outside that could not be accepted, each with its reason and coordinates."""
TIMERS: Final = Topic("timers", Kind.INBOX, single=True, retention_days=1)
"""When a step wants its next tick; read by the ticker alone."""
CHECKPOINTS: Final = Topic(
    "checkpoints", Kind.CHECKPOINTS, single=True, retention_days=INBOX_DAYS + 2
)
"""Every day's state of every step: which record is folded next, and where its pages lie."""
CHECKPOINT_PAGES: Final = Topic(
    "checkpoints.pages", Kind.CHECKPOINTS, retention_days=INBOX_DAYS + 3
)
"""The pages of checkpoints; written before what refers to them, so they outlive it."""

TOPICS: Final[tuple[Topic, ...]] = (
    TELEMETRY, DECISIONS, GOVERNANCE, CORRELATION, FLEET, WINDOWS, FINDINGS, INCIDENTS, ACTIONS,
    COMMANDS, POLICIES, SILENCES, TOKENS, AUDIT, REQUESTS, DEAD_LETTERS, TIMERS,
)  # fmt: skip


def snapshots_of(inbox: Topic) -> Topic:
    """Return the compacted topic for snapshots of the step that reads `inbox`.

    Examples
    --------
    >>> snapshots_of(TELEMETRY).name
    'snapshots.telemetry'
    """
    return Topic(f"snapshots.{inbox.name}", Kind.SNAPSHOTS, single=inbox.single)


def every_topic(inbox_days: float = INBOX_DAYS) -> tuple[Topic, ...]:
    """Return all topics of an installation, snapshots and checkpoints included.

    Parameters
    ----------
    inbox_days : float
        For which inboxes are kept; checkpoints are kept for as much longer as ever.
    """
    inboxes = (TELEMETRY, DECISIONS, GOVERNANCE, CORRELATION)
    snapshots = tuple(snapshots_of(inbox) for inbox in inboxes)
    every = (*TOPICS, *snapshots, CHECKPOINTS, CHECKPOINT_PAGES)
    ageing = {topic.name for topic in (*inboxes, CHECKPOINTS, CHECKPOINT_PAGES)}
    return tuple(
        _kept_longer(topic, inbox_days - INBOX_DAYS) if topic.name in ageing else topic
        for topic in every
    )


def _kept_longer(topic: Topic, days: float) -> Topic:
    if topic.retention_days is None or not days:
        return topic
    return replace(topic, retention_days=topic.retention_days + days)
