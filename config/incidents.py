"""Which findings belong together, and for how long."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from config.quantities import Many, PolicyPart, Seconds, Share

Window = Annotated[float, msgspec.Meta(gt=0.0, le=86_400.0)]
AtLeastTwo = Annotated[int, msgspec.Meta(ge=2, le=1_000_000)]
Listed = Annotated[int, msgspec.Meta(ge=1, le=1000)]


class IncidentPolicy(PolicyPart, frozen=True, kw_only=True):
    """How findings become incidents.

    Parameters
    ----------
    window_s : float
        How long after the last finding of an agent, a host or a cohort another one still belongs
        to it.
    quiet_s : float
        How long an incident waits, after its last finding ended, before it closes.
    gather_s : float
        How long an incident gathers findings before it is told of, and the least time between
        two tellings of its changes; what makes it worse is told at once.
    alone_from : str
        The severity from which the findings of a single agent are an incident; several agents
        always are.
    cohort_share : float
        Share of the agents of one group, type or version that must show the same within the
        window; in large cohorts less, once it is more than chance brings.
    cohort_minimum : int
        The least number of such agents.
    background : float
        Share of a cohort that shows something in any window, without a common cause.
    coordinated_minimum, coordinated_hosts : int
        Agents, and hosts that they are on, which show the same threat within
        `coordinated_window_s`: then it is coordinated.
    coordinated_window_s : float
        See above.
    learnt_minimum : int
        How often one agent must have followed on another before that is a link.
    learnt_share : float
        Share of both agents' findings in which it must have been so.
    max_incidents, max_findings, max_agents, max_pairs : int
        Caps of what is remembered: incidents that are not closed, their findings, agents with
        their labels, and pairs of agents that followed on each other.
    max_members, max_candidates : int
        How many of its findings, and possible roots, an incident's events list.
    """

    window_s: Window = 120.0
    quiet_s: Seconds = 60.0
    gather_s: Seconds = 1.0
    alone_from: Literal["info", "warning", "high", "critical", "emergency"] = "warning"
    cohort_share: Share = 0.3
    cohort_minimum: AtLeastTwo = 3
    background: Share = 0.002
    coordinated_minimum: AtLeastTwo = 5
    coordinated_hosts: AtLeastTwo = 3
    coordinated_window_s: Window = 60.0
    learnt_minimum: AtLeastTwo = 3
    learnt_share: Share = 0.5
    max_incidents: Many = 5_000
    max_findings: Many = 50_000
    max_agents: Many = 300_000
    max_pairs: Many = 20_000
    max_members: Listed = 100
    max_candidates: Listed = 5
