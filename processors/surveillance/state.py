"""Everything that surveillance knows of one partition."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from config.policy import Policy
from processors.conversations.memory import Memory
from processors.health.score import Level
from processors.lifecycle.transitions import Status
from processors.performance.state import Performance
from processors.security.state import Security
from processors.step import Context, Emission, Fact
from processors.surveillance.columns import AgentColumns, SeriesColumns
from processors.surveillance.thresholds import Rules
from streams.contracts.events.agent import AgentHealthChanged, AgentStatusChanged

STATUSES: Final = tuple(Status)
STATUS_CODE: Final = {status: code for code, status in enumerate(STATUSES)}
LEVELS: Final = tuple(Level)
DEFAULT_TYPE: Final = "agent"


class OpenFinding(msgspec.Struct, array_like=True):
    """A finding that has not ended."""

    finding_id: str
    kind: str
    severity: str
    metric: str
    since: float
    steady: int = 0
    """Windows for which it has stayed where it went."""


class Profile(msgspec.Struct, array_like=True):
    """What an agent says of itself, and where its series lie.

    Parameters
    ----------
    shape : tuple of str
        The metrics of its first record; their series are adjacent, from `base` on.
    extra : dict
        The series of every other metric.
    gone : bool
        Whether it is decommissioned: nothing more is taken from it.
    type_at, labels_at : float
        When the records were measured that said so, seconds since the epoch.
    """

    key: str
    agent_type: str
    labels: dict[str, str]
    shape: tuple[str, ...]
    base: int
    extra: dict[str, int]
    gone: bool = False
    type_at: float = float("-inf")
    labels_at: float = float("-inf")


class ShapeColumns(NamedTuple):
    """Columns of the series of agents of one type that send the same metrics."""

    metric: list[int]
    judged: list[bool]
    rule: list[int]


@dataclass(slots=True)
class SurveillanceState:
    """The state of one partition; see `processors.surveillance.snapshot` for its bytes."""

    context: Context
    policy: Policy
    rules: Rules
    security: Security
    conversations: Memory
    performance: Performance = field(default_factory=Performance)
    agents: AgentColumns = field(default_factory=AgentColumns)
    series: SeriesColumns = field(default_factory=SeriesColumns)
    slots: dict[str, int] = field(default_factory=dict)
    profiles: list[Profile | None] = field(default_factory=list)
    metrics: dict[str, int] = field(default_factory=dict)
    metric_names: list[str] = field(default_factory=list)
    findings: dict[int, dict[str, OpenFinding]] = field(default_factory=dict)
    blocked: dict[str, str] = field(default_factory=dict)
    """Keys that the governor refused, with its reason."""
    seen: dict[str, tuple[int, int]] = field(default_factory=dict)
    time: float = 0.0
    last_tick: float = 0.0
    silence_from: float = 0.0
    window_start: float = 0.0
    pending_from: float = float("inf")
    """Lower bound of the next threshold deadline; a cache, not part of snapshots."""
    shapes: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    """Shapes shared among agents: a cache, not part of snapshots."""
    columns: dict[tuple[tuple[str, ...], str], ShapeColumns] = field(default_factory=dict)
    """What the policy says of the series of a shape: a cache, not part of snapshots."""

    def take_policy(self, policy: Policy) -> None:
        """Judge by `policy` from now on."""
        self.policy = policy
        self.rules = Rules(policy.surveillance.thresholds)
        self.columns.clear()

    def profile(self, slot: int) -> Profile:
        """Return the profile of a living slot."""
        profile = self.profiles[slot]
        if profile is None:
            raise LookupError(f"slot {slot} belongs to no agent")
        return profile

    def series_of(self, slot: int) -> list[int]:
        """Return all series of an agent."""
        profile = self.profile(slot)
        return [
            *range(profile.base, profile.base + len(profile.shape)),
            *profile.extra.values(),
        ]


def series_of(state: SurveillanceState, slot: int, metric: str) -> int:
    """Return the series of a metric that an agent has."""
    profile = state.profile(slot)
    if metric in profile.extra:
        return profile.extra[metric]
    return profile.base + profile.shape.index(metric)


def new_state(context: Context, policy: Policy) -> SurveillanceState:
    """Return the state before the first record."""
    rules = Rules(policy.surveillance.thresholds)
    memory = Memory(policy.surveillance.conversations)
    return SurveillanceState(context, policy, rules, Security(policy.surveillance), memory)


def fact(
    state: SurveillanceState,
    offset: int,
    slot: int,
    data: msgspec.Struct,
    at: float,
    correlation: str = "",
) -> Emission:
    """Return a fact about the agent in `slot`, that follows from the record at `offset`."""
    return Emission(offset, Fact(state.profile(slot).key, data, at, correlation))


def moved(
    state: SurveillanceState, offset: int, slot: int, status: Status, reason: str, at: float
) -> Emission:
    """Move an agent to `status`, a legal transition, and return the fact."""
    previous = STATUSES[state.agents.status[slot]]
    state.agents.status[slot] = STATUS_CODE[status]
    return fact(state, offset, slot, AgentStatusChanged(previous, status, reason), at)


def health_fact(
    state: SurveillanceState, offset: int, slot: int, reasons: list[str], at: float
) -> Emission:
    """Return the present health of an agent as a fact."""
    a = state.agents
    data = AgentHealthChanged(
        level=LEVELS[a.level[slot]],
        score=float(a.score[slot]),
        consecutive_failures=int(a.failures[slot]),
        since=float(a.level_since[slot]),
        reasons=reasons,
    )
    return fact(state, offset, slot, data, at)
