"""Agents: how they are shown, and what may be asked of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import Body, Instant, Moment, Plain, View, shown
from api.schemas.findings import FindingView
from processors.health.score import Level
from processors.lifecycle.transitions import Status
from projections.queries.agents import AgentRow
from projections.queries.findings import FindingRow

Word = Annotated[str, Field(min_length=1, max_length=128)]
Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/-]{1,64}(=.{0,256})?$", examples=["rack=7"])]


class AgentFilter(BaseModel):
    """Which agents are meant; as `projections.queries.agents.AgentQuery`."""

    status: Status | None = None
    type: str | None = None
    health: Level | None = None
    performance: Literal["critical", "poor", "fair", "good", "excellent"] | None = None
    security_below: float | None = Field(
        None, ge=0, le=101, description="Only those with a lower security score."
    )
    security_from: float | None = Field(
        None, ge=0, le=100, description="Only those with this security score, or a higher one."
    )
    labels: list[Label] = Field(
        default_factory=list,
        alias="label",
        max_length=10,
        description="NAME=VALUE, or NAME for any value; all must hold.",
    )
    capabilities: list[Word] = Field(
        default_factory=list,
        alias="capability",
        max_length=10,
        description="In the label `capabilities` (words with commas between); all must be.",
    )
    protocols: list[Word] = Field(
        default_factory=list,
        alias="protocol",
        max_length=10,
        description="In the label `protocols`; all must be.",
    )
    least_tasks: int | None = Field(
        None, ge=0, lt=10**9, description="Of the label `max_concurrent_tasks`, at least."
    )
    text: str | None = Field(None, max_length=200)

    @property
    def wanted(self) -> dict[str, Any]:
        """What is asked for, as the arguments of the query."""
        parts = (label.partition("=") for label in self.labels)
        labels = [(name, value if sign else None) for name, sign, value in parts]
        return dict(self) | {"labels": labels}


class AgentsAsked(AgentFilter):
    """Which agents are asked for, and in what order."""

    sort: Literal["agent_id", "performance", "security"] = Field(
        "agent_id",
        description="By `performance`: worst first, and only those that have a score; by "
        "`security`: least trusted first.",
    )


class MetricAsked(BaseModel):
    """Which windows of which metric are asked for."""

    metric: str = Field(max_length=128)
    since: Instant | None = Field(None, description="Default: a day before `until`.")
    until: Instant | None = Field(None, description="Default: now.")
    resolution: Literal["minute", "hour"] = "minute"


class Health(View):
    """How well an agent is, and why."""

    level: str = Field(examples=["healthy"])
    score: float | None = Field(description="0 to 100.")
    consecutive_failures: int
    since: Moment | None
    reasons: list[str]
    last_check: Moment | None = Field(description="When it was heard of last.")
    uptime_s: float | None = Field(description="As it says itself (`uptime_seconds`).")
    restarts: int | None = Field(description="Times that it was started again.")


class Performance(View):
    """How well an agent works: the score, what it is made of, and what was measured."""

    level: str = Field(examples=["good"], description="excellent, good, fair, poor or critical.")
    score: float = Field(description="0 to 100.")
    since: Moment
    parts: dict[str, float] = Field(description="Points of each part that it has, 0 to 1.")
    p95_ms: float | None
    p99_ms: float | None
    throughput_per_s: float | None
    success_rate: float | None
    utilisation: float | None
    cost_per_task: float | None


class Issue(View):
    """A threat that took points from an agent."""

    finding_id: str
    rule: str = Field(examples=["exfiltration"])
    metric: str
    category: str = Field(examples=["SECURITY"])
    severity: str = Field(examples=["critical"])
    points: float
    action: str
    since: Moment
    ended_at: Moment | None


class Security(View):
    """How far an agent is trusted, and why not wholly."""

    score: float = Field(description="100 is full trust; at 20 (by policy) it is quarantined.")
    level: str = Field(description="secure, guarded, at_risk or critical.", examples=["secure"])
    issues: list[Issue]


class AgentView(View):
    """An agent as it is now."""

    agent_id: str = Field(examples=["web-1"])
    tenant_id: str = Field(examples=["default"])
    status: str = Field(examples=["active"])
    status_since: Moment | None
    status_reason: str
    agent_type: str = Field(examples=["service"])
    provisional: bool
    labels: dict[str, str]
    health: Health
    performance: Performance | None = Field(description="Null where it does no work that is told.")
    security: Security
    metrics: dict[str, float] = Field(examples=[{"cpu_usage": 41.5}])
    last_seen: Moment | None
    registered_at: Moment

    @classmethod
    def plain(cls, row: AgentRow) -> Plain:
        """Return a row as its answer shows it."""
        return {
            "agent_id": row.agent_id,
            "tenant_id": row.tenant_id,
            "status": row.status,
            "status_since": shown(row.status_since),
            "status_reason": row.status_reason,
            "agent_type": row.type,
            "provisional": row.provisional,
            "labels": row.labels,
            "health": _health(row),
            "performance": _performance(row.performance) if row.performance else None,
            "security": {
                "score": row.security_score,
                "level": row.security_level,
                "issues": [_issue(each) for each in row.security_issues],
            },
            "metrics": row.metrics,
            "last_seen": shown(row.last_seen),
            "registered_at": shown(row.registered_at),
        }


class AgentDetail(AgentView):
    """An agent with what is wrong with it now."""

    open_findings: list[FindingView]

    @classmethod
    def with_findings(cls, row: AgentRow, findings: list[FindingRow]) -> Plain:
        """Return a row and its open findings as the answer shows them."""
        return cls.plain(row) | {"open_findings": [FindingView.plain(each) for each in findings]}


class MetricPointView(View):
    """One window of a metric, and the range in which 99 values of 100 were expected.

    Mean and range are kept with seven digits, the rest exactly.
    """

    start: Moment
    count: int
    mean: float
    minimum: float
    maximum: float
    last: float
    expected_low: float | None = Field(description="Null where it was not learnt yet.")
    expected_high: float | None


class MetricHistory(View):
    """The windows of one metric, oldest first; a gap is a window that is not there."""

    metric: str
    resolution: str
    items: list[MetricPointView]


class LifecycleRequest(Body):
    """Ask for a transition."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"status": "maintenance", "reason": "new disk"}},
    )

    status: Status = Field(strict=False)
    reason: str = Field(min_length=1, max_length=400)


class RelearnRequest(Body):
    """Ask for what is usual of an agent to be learnt anew."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"metrics": ["cpu_usage"], "reason": "moved to a new host"}},
    )

    metrics: list[Annotated[str, Field(min_length=1, max_length=128)]] = Field(
        default=[], max_length=256, description="Which metrics; none for all."
    )
    reason: str = Field(min_length=1, max_length=1000)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _health(row: AgentRow) -> Plain:
    return {
        "level": row.health_level,
        "score": row.health_score,
        "consecutive_failures": row.consecutive_failures,
        "since": shown(row.health_since),
        "reasons": row.health_reasons,
        "last_check": shown(row.last_seen),
        "uptime_s": row.metrics.get("uptime_seconds"),
        "restarts": _whole(row.metrics.get("restarts")),
    }


def _performance(found: Plain) -> Plain:
    told = {name: found[name] for name in Performance.model_fields}
    return told | {"since": shown(told["since"])}


def _issue(found: Plain) -> Plain:
    told = {name: found[name] for name in Issue.model_fields}
    return told | {"since": shown(told["since"]), "ended_at": shown(told["ended_at"])}
