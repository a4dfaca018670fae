"""What is written without a model is what the model of the answer would say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from api.schemas.agents import AgentDetail, AgentView
from api.schemas.common import Listing, View
from api.schemas.events import EventView
from api.schemas.findings import FindingView
from projections.queries.agents import AgentRow
from projections.queries.findings import FindingRow
from tests.unit.api.conftest import RunningApi

T0 = 1_790_000_000.25
PERFORMANCE: dict[str, Any] = {
    "level": "good", "score": 71.5, "since": T0, "parts": {"latency": 0.5}, "p95_ms": 12.5,
    "p99_ms": None, "throughput_per_s": 3.0, "success_rate": 1.0, "utilisation": None,
    "cost_per_task": None,
}  # fmt: skip
ISSUE: dict[str, Any] = {
    "finding_id": "f1", "rule": "exfiltration", "metric": "bytes_out", "category": "SECURITY",
    "severity": "critical", "points": 40.0, "action": "quarantine", "since": T0, "ended_at": None,
}  # fmt: skip


def agent(**changed: Any) -> AgentRow:
    """Return a row with something in every place."""
    values: dict[str, Any] = {
        "tenant_id": "default", "agent_id": "é", "type": "service", "status": "active",
        "status_since": T0, "status_reason": "", "provisional": False, "labels": {"a": "b"},
        "health_level": "failing", "health_score": 10.0, "consecutive_failures": 2,
        "health_since": None, "health_reasons": ["service_down"], "performance_level": "good",
        "performance_score": 71.5, "performance": PERFORMANCE | {"not_shown": 1},
        "security_score": 60.0, "security_level": "guarded", "security_issues": [ISSUE],
        "metrics": {"cpu_usage": 40.0, "uptime_seconds": 5.5, "restarts": 2.0},
        "last_seen": T0, "registered_at": T0, "updated_at": T0,
    }  # fmt: skip
    return AgentRow(**values | changed)


def finding() -> FindingRow:
    """Return one that was raised, and got worse."""
    kinds = FindingRow.__annotations__.items()
    texts = {name: name if kind == "str" else None for name, kind in kinds}
    values: dict[str, Any] = {
        "value": 1.0, "expected_low": None, "expected_high": 2.5, "reaches_limit_at": T0,
        "drivers": ["x"], "labels": {}, "severities": [(T0, "warning"), (T0 + 1, "critical")],
        "policy_version": 3, "since": T0, "raised_at": T0, "ended_at": None, "lasted_s": None,
        "updated_at": T0, "comments": [{"at": T0, "by": "ann", "text": "why"}],
        "acknowledgement": {"by": "ann", "at": T0, "note": "mine", "severity": "high"},
    }  # fmt: skip
    return FindingRow(**texts | values)


@pytest.mark.parametrize(
    ("view", "plain"),
    [
        (AgentView, AgentView.plain(agent())),
        (AgentView, AgentView.plain(agent(performance={}, security_issues=[], metrics={}))),
        (AgentDetail, AgentDetail.with_findings(agent(), [finding()])),
        (FindingView, FindingView.plain(finding())),
    ],
)
def test_plain_is_as_the_model_has_it(view: type[View], plain: dict[str, Any]) -> None:
    assert view.model_validate(plain).model_dump(mode="json") == plain


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("agents", Listing[AgentView]),
        ("agents/web-0", AgentDetail),
        ("agents/web-0/events", Listing[EventView]),
        ("findings", Listing[FindingView]),
        ("events", Listing[EventView]),
    ],
)
def test_answers_are_as_their_models_have_them(
    api: RunningApi, path: str, model: type[BaseModel]
) -> None:
    with api.client() as client:
        answer = client.get(f"/api/v1/{path}").json()
    assert answer.get("items", answer)
    assert model.model_validate(answer).model_dump(mode="json") == answer
