"""A health check looks at progress: what a role wrote must have come through lately."""

from __future__ import annotations

import datetime as dt
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from api.cli.healthy import FRESH_S, WRITES_S, Unwell, going, healthy
from api.cli.roles import own_slot
from config.settings import Settings, SettingsError
from tests.integration.log_of_facts import registered, sealed
from tests.ports import free_port
from tests.unit.api.conftest import RunningApi

NODE = "node-of-now"


def settings_of(api: RunningApi, tmp_path: Path, host: str, **changes: object) -> Settings:
    file = tmp_path / "homeostat.yaml"
    file.write_text(f"host: {host}")
    port = int(api.base.rpartition(":")[2])
    return Settings(home=api.settings.home, api_port=port, config=file, **changes)


def test_a_server_that_answers_is_well(api: RunningApi, tmp_path: Path) -> None:
    assert healthy("api", settings_of(api, tmp_path, NODE)) == "answers ok"


def test_a_server_that_is_away_is_not(api: RunningApi, tmp_path: Path) -> None:
    away = settings_of(api, tmp_path, NODE).model_copy(update={"api_port": free_port()})
    with pytest.raises(Unwell, match="does not answer"):
        healthy("api", away)


def test_what_was_heard_of_now_is_well_and_what_was_once_is_not(
    api: RunningApi, tmp_path: Path
) -> None:
    fact = registered(NODE, cpu_usage=1.0)._replace(at=time.time())
    facts = sealed("surveillance", "telemetry", 0, [(5000, fact)])
    api.views.write(api.log.records(facts, at=time.time()))
    assert healthy("node", settings_of(api, tmp_path, NODE)).startswith(f"{NODE} was heard of")
    with pytest.raises(Unwell, match="web-0 was last heard of"):
        healthy("node", settings_of(api, tmp_path, "web-0"))


def test_what_was_never_heard_of_is_not_well(
    api: RunningApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMEOSTAT_SLOT", "77")
    with pytest.raises(Unwell, match="/api/v1/agents/worker-77 answers 404"):
        healthy("worker", settings_of(api, tmp_path, NODE))


def test_a_projector_that_is_behind_and_writes_is_left_to_go_on() -> None:
    now = dt.datetime.now(dt.UTC)
    late = {"status": "degraded", "detail": "views show what was 45 s ago; 9 records wait"}
    assert going(late | {"last_seen": now.isoformat()}) == f"writes: {late['detail']}"
    before = now - dt.timedelta(seconds=WRITES_S + 1)
    for seen in (before.isoformat(), None):
        with pytest.raises(Unwell, match="views show what was 45 s ago"):
            going(late | {"last_seen": seen})
    assert going({"status": "ok", "detail": "", "last_seen": None}) == "keeps up"


def test_a_role_that_is_none_is_named(api: RunningApi, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="'prepare' is no role"):
        healthy("prepare", settings_of(api, tmp_path, NODE))


def test_the_command_says_what_it_saw_by_its_status(api: RunningApi) -> None:
    command = [sys.executable, "-m", "api.cli.healthy", "api"]
    for port, status in ((api.base.rpartition(":")[2], 0), (str(free_port()), 1)):
        place = {"HOMEOSTAT_HOME": str(api.settings.home), "HOMEOSTAT_API_PORT": port}
        done = subprocess.run(command, env=place, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stderr
        assert done.stdout.strip()


def test_containers_of_one_service_have_slots_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOMEOSTAT_SLOT", "host")
    slots = set()
    for number in range(64):
        monkeypatch.setattr(socket, "gethostname", lambda number=number: f"{number:012x}")
        slots.add(own_slot())
        assert own_slot() in slots  # the same container started again keeps its slot
    assert len(slots) == 64


def test_a_worker_is_looked_at_often_enough() -> None:
    from processors.runtime.vitals import PERIOD_S

    assert FRESH_S > 3 * PERIOD_S
