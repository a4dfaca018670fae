"""What the governor remembers: the fleet as far as limits need it, and the work in hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from streams.contracts.events.action import ActionProposed

_FAILING: Final = frozenset({"failing"})
_GONE: Final = frozenset({"offline", "compromised", "quarantined"})
_REMEMBERED: Final = 1000


class Agent(msgspec.Struct, omit_defaults=True):
    """One agent: where it runs, what it belongs to and needs, and how it is.

    Parameters
    ----------
    counted : bool
        Whether it has a place within its tenant's limit.
    well_since : float or None
        When its health was last seen to become good.
    fell : bool
        Whether it is failing after having been well; what never was well is merely starting.
    heard_at : float
        When it was first spoken of.
    recovered : bool
        Whether it has been well after having been unwell: its word on being well is tried.
    """

    agent_type: str = ""
    host: str = ""
    group: str = ""
    depends_on: tuple[str, ...] = ()
    managed: bool = False
    counted: bool = False
    status: str = ""
    level: str = ""
    well_since: float | None = None
    fell: bool = False
    heard_at: float = 0.0
    recovered: bool = False

    @property
    def unwell(self) -> bool:
        """Whether it fails or cannot be heard."""
        return self.level in _FAILING or self.status in _GONE


class Work(msgspec.Struct):
    """A proposal that has not ended.

    Parameters
    ----------
    state : str
        new, awaiting, queued or running.
    proposed_at : float
        Arrival: a queue is served worst severity first, then by this.
    until : float
        When waiting ends (new, queued, awaiting), or when a running action counts as lost.
    event_id, correlation : str
        The proposal's own id, and the finding or request that led to it.
    policy_version : int
        The version under which a person was asked.
    exactly : str
        The digest of the dry run that an approval is bound to; empty where it is to none.
    """

    proposal: ActionProposed
    subject: str
    event_id: str
    correlation: str
    proposed_at: float
    until: float
    state: str = "new"
    reason: str = ""
    approved_by: str = ""
    preview_hash: str = ""
    policy_version: int = 0
    exactly: str = ""


class Suspension(msgspec.Struct):
    """An open breaker of one tenant, and its probe."""

    finding_id: str
    since: float
    pause_until: float = 0.0


class GovernorState(msgspec.Struct):
    """The whole state.

    Parameters
    ----------
    agents : dict
        Every agent spoken of, by key.
    known, counts, fallen : dict
        By tenant: agents spoken of, places given, and agents that fell.
    groups : dict
        Members by ``tenant/group``.
    work : dict
        What has not ended, by action id.
    ended : list
        The latest ended actions and how, oldest first.
    suspended : dict
        Open breakers by tenant.
    """

    agents: dict[str, Agent] = {}
    known: dict[str, int] = {}
    counts: dict[str, int] = {}
    fallen: dict[str, int] = {}
    groups: dict[str, list[str]] = {}
    work: dict[str, Work] = {}
    ended: list[tuple[str, str]] = []
    suspended: dict[str, Suspension] = {}

    def running(self) -> Iterable[Work]:
        """Return the work that an executor was told to do."""
        return (w for w in self.work.values() if w.state == "running")

    def end(self, action_id: str, how: str) -> None:
        """Take an action out of hand, and remember for a while that it ended."""
        if self.work.pop(action_id, None) is not None:
            self.ended.append((action_id, how))
            del self.ended[:-_REMEMBERED]


def tenant_of(key: str) -> str:
    """Return the tenant of ``tenant/agent``."""
    return key.partition("/")[0]


def group_key(key: str, group: str) -> str:
    """Return the key of a group within its tenant, or nothing where there is none."""
    return f"{tenant_of(key)}/{group}" if group else ""
