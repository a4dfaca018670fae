"""What a list is narrowed by on the command line reaches the API under its name there."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from api.cli.commands import app
from tests.unit.api.conftest import RunningApi


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("findings", "--kind", "service_down"), ["finding-1"]),
        (("findings", "--kind", "disk_pressure"), []),
        (("findings", "--severity", "critical", "--state", "all"), ["finding-1"]),
        (("findings", "--severity", "warning", "--state", "all"), []),
        (("findings", "--agent", "web-1"), []),
        (("agents", "--health", "failing"), []),
        (("agents", "--text", "web-3"), ["web-3"]),
        (("actions", "--state", "finished"), ["action-1"]),
        (("actions", "--state", "awaiting"), []),
    ],
)
def test_a_list_is_narrowed(
    api: RunningApi,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    found: list[str],
) -> None:
    monkeypatch.setenv("HOMEOSTAT_API", api.base)
    monkeypatch.setenv("HOMEOSTAT_TOKEN", "token of viewer")
    answer = CliRunner().invoke(app, [*arguments, "--json"])
    assert answer.exit_code == 0, answer.output
    names = {"findings": "finding_id", "agents": "agent_id", "actions": "action_id"}
    assert [row[names[arguments[0]]] for row in json.loads(answer.stdout)] == found
