"""What correlation remembers: the fleet's topology, incidents, and who followed on whom.

Dictionaries come back from a snapshot in the order of their keys, so nothing depends on the order
in which they were filled.
"""

from __future__ import annotations

import heapq

import msgspec

from streams.contracts.events.finding import severity_rank


class Agent(msgspec.Struct, array_like=True, omit_defaults=True):
    """Where an agent stands.

    Parameters
    ----------
    depends_on : tuple of str
        Keys ``tenant/agent``.
    """

    agent_type: str = ""
    host: str = ""
    group: str = ""
    version: str = ""
    depends_on: tuple[str, ...] = ()


class Part(msgspec.Struct, array_like=True):
    """A finding of an incident; times in seconds since the epoch.

    Parameters
    ----------
    since, raised_at : float
        When the deviation began, and when that was told.
    excess : float
        How far the value lay beyond what was expected, in widths of that range.
    because : str
        What linked it; empty for the one that an incident began with.
    silence : str
        What withholds it, if anything does.
    """

    agent: str
    kind: str
    metric: str
    severity: str
    since: float
    raised_at: float
    excess: float
    because: str | None = None
    ended_at: float | None = None
    silence: str = ""


class Incident(msgspec.Struct):
    """Findings that belong together.

    Parameters
    ----------
    parts : dict
        By finding id.
    keys : dict
        The links that it is found by, each with the time of its last finding there.
    since : float
        When the earliest of its deviations began.
    findings : int
        How many findings there ever were; the oldest ended ones are not among `parts` any more.
    open_findings : dict
        How many findings of each agent are open; only agents that have one.
    severities : dict
        How many open findings there are of each severity.
    worst : str
        The worst severity that there was.
    cohorts : dict
        Cohorts that brought findings together here, with how many agents there are in each.
    told_at : float or None
        When it was last told of; None while it still gathers.
    tell_at, close_at : float or None
        When it is to be told of, and when it may close.
    merged : list
        Ids of told incidents that it took in since it was last told of.
    withheld : int
        How many of its open findings silences withhold.
    told_withheld : bool
        Whether it was told that this is so of all of them.
    """

    incident_id: str
    began_with: str
    since: float
    touched_at: float
    parts: dict[str, Part] = {}
    findings: int = 0
    keys: dict[str, float] = {}
    open_findings: dict[str, int] = {}
    severities: dict[str, int] = {}
    worst: str = ""
    cohorts: dict[str, int] = {}
    coordinated: bool = False
    told_at: float | None = None
    told_severity: str = ""
    told_title: str = ""
    told_root: str = ""
    tell_at: float | None = None
    close_at: float | None = None
    merged: list[str] = []
    withheld: int = 0
    told_withheld: bool = False

    @property
    def open_total(self) -> int:
        """How many of its findings are open."""
        return sum(self.severities.values())

    @property
    def severity(self) -> str:
        """The worst severity of its open findings, or the worst that there was."""
        return min(self.severities, key=severity_rank, default=self.worst)


class Showing(msgspec.Struct):
    """Who of a cohort shows one thing, and on which hosts, with the time of the latest finding."""

    agents: dict[str, float] = {}
    hosts: dict[str, float] = {}
    incident: str = ""
    swept_at: float = 0.0


class Ending(msgspec.Struct, array_like=True):
    """An incident that was told of and is no more, until that is told too."""

    incident_id: str
    root: str
    title: str
    severity: str
    reason: str
    lasted_s: float
    merged_into: str = ""


class Onsets(msgspec.Struct, array_like=True):
    """How often an agent began to show findings, and how often so after, or before, another."""

    count: float = 0.0
    after: dict[str, float] = {}
    before: dict[str, float] = {}


class IncidentsState(msgspec.Struct):
    """The whole state.

    Parameters
    ----------
    agents : dict
        By key.
    sizes : dict
        How many agents there are in each cohort.
    incidents : dict
        Those that are not closed, by id.
    found_by : dict
        Link to the incidents that have it, with the time of their last finding there.
    incident_of : dict
        Finding id to incident id.
    showing : dict
        By cohort and what it shows.
    due : list
        A heap of (time, incident id): when to look at which.
    telling, endings : list
        What is to be told of next: incidents by id, and those that are no more.
    onsets : dict
        Who followed on whom, by agent.
    pairs : int
        How many entries there are in all their `after`.
    judging : list
        Incidents of which it may have changed whether silences withhold all of them.
    recent : list
        The latest agents that began to show findings, with the time of each.
    """

    agents: dict[str, Agent] = {}
    sizes: dict[str, int] = {}
    incidents: dict[str, Incident] = {}
    found_by: dict[str, dict[str, float]] = {}
    incident_of: dict[str, str] = {}
    showing: dict[str, Showing] = {}
    due: list[tuple[float, str]] = []
    telling: list[str] = []
    endings: list[Ending] = []
    onsets: dict[str, Onsets] = {}
    pairs: int = 0
    recent: list[tuple[float, str]] = []
    swept_at: float = 0.0
    judging: list[str] = []

    def look_at(self, incident: Incident, at: float) -> None:
        """Note that there is something to do about `incident` at that time."""
        heapq.heappush(self.due, (at, incident.incident_id))


def tenant_of(key: str) -> str:
    """Return the tenant of ``tenant/agent``."""
    return key.partition("/")[0]
