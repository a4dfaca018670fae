"""Findings that belong together, with the agent where it most likely began."""

from __future__ import annotations

from typing import Final

import msgspec

REASONS: Final = ("root", "depends_on", "same_host", "cohort", "time", "learnt")
"""Why a finding is a member; those that say more come first."""


class Candidate(msgspec.Struct, frozen=True):
    """An agent at which an incident may have begun.

    Parameters
    ----------
    agent : str
        ``tenant/agent``.
    finding_id : str
        Its finding that weighs most.
    reason : str
        One sentence for a person.
    score : float
        0-1; the root's is the highest.
    """

    agent: str
    finding_id: str
    reason: str
    score: float


class Root(msgspec.Struct, frozen=True):
    """The first of the candidates, and how far it leads.

    Parameters
    ----------
    confidence : float
        0-1: how far its score stands out among those of the candidates; no probability.
    """

    agent: str
    finding_id: str
    reason: str
    confidence: float


class Member(msgspec.Struct, frozen=True):
    """A finding of an incident.

    Parameters
    ----------
    agent : str
        ``tenant/agent``.
    since : float
        When the deviation began, seconds since the epoch.
    ended_at : float or None
        When the finding ended, seconds since the epoch.
    because : str
        root; depends_on, also the other way round and at second hand; same_host; cohort: many of
        one group, type or version, or one threat, show the same; learnt: the two followed on each
        other before; time: one more finding of an agent that is in it.
    """

    finding_id: str
    agent: str
    kind: str
    metric: str
    severity: str
    since: float
    ended_at: float | None
    because: str


class IncidentOpened(msgspec.Struct, frozen=True):
    """Something is wrong that a person may want to follow as one thing.

    Parameters
    ----------
    incident_id : str
        Stable for the life of the incident.
    title : str
        One sentence for a person.
    severity : str
        The worst of its open findings; after they ended, the worst that there was.
    since : float
        When the earliest of its deviations began, seconds since the epoch.
    status : str
        open (a finding is open) or recovering (all have ended, and it waits for quiet).
    root : Root
        Where it most likely began.
    candidates : list of Candidate
        Possible roots, the likeliest first.
    members : list of Member
        Its findings, root first, then by time; at most as many as the policy lists.
    coordinated : bool
        Whether many agents of different hosts show the same threat at once.
    agents, findings, open_findings : int
        How many there are in all, listed or not.
    policy_version : int
        The policy that correlated.
    """

    incident_id: str
    title: str
    severity: str
    since: float
    status: str
    root: Root
    candidates: list[Candidate]
    members: list[Member]
    coordinated: bool
    agents: int
    findings: int
    open_findings: int
    policy_version: int


class IncidentChanged(IncidentOpened, frozen=True):
    """It grew, shrank, got another root, or took in another incident: the whole of it as it is.

    Parameters
    ----------
    merged : list of str
        Incidents that were found to be the same one, and became part of it.
    """

    merged: list[str] = []


class IncidentClosed(msgspec.Struct, frozen=True):
    """It is over.

    Parameters
    ----------
    reason : str
        quiet (all its findings ended, and stayed away), merged, or evicted (the limit of
        incidents was reached).
    lasted_s : float
        Seconds from its beginning to its last finding's end.
    merged_into : str
        The incident that it became part of, where that is the reason.
    """

    incident_id: str
    title: str
    severity: str
    reason: str
    lasted_s: float
    merged_into: str = ""


class IncidentWithheld(msgspec.Struct, frozen=True):
    """Silences withhold all that is open of an incident: it asks for nobody's attention now.

    `silences` holds their ids.
    """

    incident_id: str
    silences: list[str]


class IncidentReleased(msgspec.Struct, frozen=True):
    """An incident that was withheld asks for attention again: something open is not silenced."""

    incident_id: str
