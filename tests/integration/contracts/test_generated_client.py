"""A client generated from the served document works, and is typed where the API is."""

from __future__ import annotations

import asyncio
import datetime as dt
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from streams.contracts.envelope import decode_event
from streams.contracts.topics import POLICIES
from tests.end_to_end.harness import read_all
from tests.integration.contracts.conftest import WAITING, Served

PACKAGE = "homeostat_client"
CONFIG = f"package_name_override: {PACKAGE}\npost_hooks: []\n"


class Generated:
    """The package's modules by their names, and a client that is signed in."""

    def __init__(self, served: Served) -> None:
        self.models = self.module("models")
        self.types = self.module("types")
        made = self.module("client").AuthenticatedClient
        patience = httpx.Timeout(60)
        self.client = made(base_url=served.base, token=served.token, timeout=patience)

    def module(self, name: str) -> ModuleType:
        """Return one of the package's modules."""
        return importlib.import_module(f"{PACKAGE}.{name}")

    def __call__(self, operation: str, *path: str, **given: Any) -> Any:
        """Return the answer's status and what it was parsed to."""
        answer = self.module(f"api.{operation}").sync_detailed(*path, client=self.client, **given)
        return answer.status_code, answer.parsed


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory, served: Served) -> Iterator[Path]:
    """Generate the client; a single warning of the generator fails it."""
    folder = tmp_path_factory.mktemp("generated")
    document = folder / "openapi.json"
    document.write_bytes(httpx.get(f"{served.base}/api/v1/openapi.json", timeout=60).content)
    config = folder / "config.yaml"
    config.write_text(CONFIG)
    options = ["--path", document, "--config", config, "--output-path", folder / PACKAGE]
    generator = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    made = subprocess.run(
        [*generator, "--fail-on-warning", *options], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stdout + made.stderr
    yield folder / PACKAGE
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture
def api(package: Path, served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Generated]:
    monkeypatch.syspath_prepend(package.parent)
    generated = Generated(served)
    with generated.client:
        yield generated


def test_agents_are_listed_and_one_is_typed_through(api: Generated) -> None:
    status, page = api("agents.list_agents", limit=1)
    assert (status, len(page.items)) == (200, 1)
    _, following = api("agents.list_agents", cursor=page.next_)
    assert "web-2" in {agent.agent_id for agent in following.items}
    status, agent = api("agents.get_agent", "web-1")
    assert (status, agent.agent_type, agent.health.level) == (200, "service", "unknown")
    assert agent.metrics["cpu_usage"] == 41.5
    assert agent.registered_at.tzinfo is not None
    assert agent.open_findings[0].kind == "service_down"


def test_the_past_is_asked_for_with_a_datetime(api: Generated) -> None:
    before = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    status, page = api("agents.list_agents", as_of=before)
    assert (status, page.items) == (200, [])


def test_measurements_are_published(api: Generated) -> None:
    models = api.models
    metrics = models.MeasurementsMetrics.from_dict({"cpu_usage": 12.5})
    body = models.Measurements(metrics, status=models.MeasurementsStatus.BUSY, sequence=1)
    status, receipt = api("telemetry.report_agent_metrics", "web-9", body=body)
    assert status == 202
    assert receipt.position.startswith("telemetry/")


def test_findings_are_listed_with_their_chain(api: Generated) -> None:
    status, page = api("findings.list_findings", state=api.models.ListFindingsState.OPEN)
    assert (status, page.items[0].finding_id) == (200, "finding-1")
    _, chain = api("findings.get_finding_chain", "finding-1")
    assert [link.type_ for link in chain.items][:2] == ["finding.raised", "action.proposed"]


def test_an_answer_to_an_action_is_a_receipt_or_a_problem(api: Generated) -> None:
    answer = api.models.Answer(reason="go ahead")
    status, receipt = api("actions.approve_action", WAITING[0], body=answer)
    assert (status, type(receipt).__name__) == (202, "Receipt")
    for operation, action, wanted, name in (
        ("approve", "no-such-action", 404, "not-found"),
        ("reject", "action-1", 409, "not-awaiting"),
    ):
        status, problem = api(f"actions.{operation}_action", action, body=answer)
        assert (status, problem.type_) == (wanted, f"/problems/{name}")
    stale = api.models.Answer(reason="go ahead", preview_hash="of another preview")
    status, problem = api("actions.reject_action", WAITING[1], body=stale)
    assert (status, problem.type_) == (409, "/problems/preview-changed")


def latest_policy(api: Generated, served: Served) -> Any:
    """Return the policy once the views show the last one on record: a change may be on its way."""
    on_record = asyncio.run(read_all(served.connection, [POLICIES.name]))
    changes = [decode_event(record.value) for record in on_record]
    last = max((event.data["version"] for event in changes), default=0)
    while (shown := api("policy.get_policy")[1]).version < last:
        pass
    return shown


def test_the_policy_is_read_changed_and_written_as_types(api: Generated, served: Served) -> None:
    shown = latest_policy(api, served)
    shown.policy.limits.max_concurrent = 2
    change = api.models.PolicyChange(shown.policy, reason="calm", replaces=shown.version)
    status, receipt = api("policy.replace_policy", body=change)
    assert (status, receipt.version) == (202, shown.version + 1)


def test_only_what_is_open_by_nature_has_further_properties(package: Path) -> None:
    """Labels, metrics and the like are maps; whatever has named fields has no others."""
    models = [path.read_text() for path in (package / "models").glob("*.py")]
    fields = [set(re.findall(r"^    (\w+): ", text, re.MULTILINE)) for text in models]
    mixed = [names for names in fields if "additional_properties" in names and len(names) > 1]
    assert mixed == []
    assert {"agent_id", "health", "metrics"} <= set().union(*fields)
