"""The command line against a running installation, as a shell would use it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.end_to_end.harness import ROOT, Installation
from tests.ports import free_port


def run(homeostat: Installation, *argv: str, status: int = 0) -> str:
    done = homeostat.command(*argv)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout if status == 0 or done.stdout else done.stderr


def answer(homeostat: Installation, *argv: str) -> Any:
    return json.loads(run(homeostat, *argv, "--json"))


def published(homeostat: Installation) -> str:
    """Publish a heartbeat of an agent that nobody knew, and wait until it shows."""
    name = f"told-{free_port()}"
    assert "accepted at" in run(homeostat, "publish", name, "cpu_usage=41.5", "queue_depth=3")
    homeostat.wait_for(lambda: homeostat.get(f"/agents/{name}"), "published agent")
    return name


def test_what_is_published_is_listed_and_shown(homeostat: Installation) -> None:
    name = published(homeostat)
    assert name in run(homeostat, "agents", "--text", name)
    shown = run(homeostat, "agents", name)
    assert "41.5" in shown
    assert answer(homeostat, "agents", name)["metrics"] == {"cpu_usage": 41.5, "queue_depth": 3}
    assert [a["agent_id"] for a in answer(homeostat, "agents", "--text", name)] == [name]


def test_a_restart_is_asked_for_and_its_story_told(homeostat: Installation) -> None:
    homeostat.settled()
    before = homeostat.service_pid()
    known = {a["action_id"] for a in homeostat.get("/actions", limit=1000)["items"]}
    assert "web" in run(homeostat, "services")
    assert "asked for" in run(homeostat, "services", "restart", "web")
    homeostat.wait_for(lambda: homeostat.service_pid() not in (None, before), "restarted service")

    def finished() -> dict[str, Any] | None:
        found = answer(homeostat, "actions", "--agent", "web", "--state", "finished")
        mine = (a for a in found if a["requested_by"] == "admin")
        return next((a for a in mine if a["action_id"] not in known), None)

    action = homeostat.wait_for(finished, "finished action")
    assert "service.restart for web: finished succeeded" in run(
        homeostat, "actions", action["action_id"]
    )


def test_why_is_answered_by_a_findings_chain(homeostat: Installation) -> None:
    known = homeostat.settled()
    os.kill(homeostat.wait_for(homeostat.service_pid, "service"), signal.SIGKILL)
    (finding,) = homeostat.settled(known) - known
    found = answer(homeostat, "findings", "--state", "ended", "--agent", "web", "--limit", "1000")
    assert finding in [each["finding_id"] for each in found]
    told = run(homeostat, "findings", finding)
    for event in ("finding.raised", "action.proposed", "action.finished"):
        assert event in told


def test_events_are_followed_as_they_happen(homeostat: Installation) -> None:
    homeostat_command = str(Path(sys.executable).with_name("homeostat"))
    command = [homeostat_command, "events", "--follow", "--json"]
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | homeostat.own, stdout=subprocess.PIPE, text=True
    ) as following:
        try:
            assert following.stdout is not None
            json.loads(following.stdout.readline())  # it listens
            name = published(homeostat)
            subjects = (json.loads(line)["subject"] for line in following.stdout)
            assert f"default/{name}" in subjects
        finally:
            following.kill()


def test_the_policy_is_read_changed_and_read_again(homeostat: Installation) -> None:
    policy = yaml.safe_load(run(homeostat, "policy"))
    file = homeostat.home / "policy.yaml"
    policy["limits"]["max_queued"] = 999
    file.write_text(yaml.safe_dump(policy), encoding="utf-8")
    assert "say why" in run(homeostat, "policy", str(file), status=2)
    assert "in force" in run(homeostat, "policy", str(file), "--reason", "a test")
    homeostat.wait_for(
        lambda: answer(homeostat, "policy")["policy"]["limits"]["max_queued"] == 999, "policy"
    )


def test_status_and_doctor_say_how_it_is(homeostat: Installation) -> None:
    told = homeostat.command("status", "--json")
    found = json.loads(told.stdout)
    assert found["system"]["components"]
    assert told.returncode == (0 if found["well"] else 1)
    checks = {check["name"]: check for check in answer(homeostat, "doctor")}
    assert checks["broker"]["state"] == "ok"
    assert "partitions" in checks["broker"]["detail"]
    assert checks["database"]["state"] == checks["clock"]["state"] == "ok"


@pytest.mark.parametrize(
    ("argv", "status", "told"),
    [
        (("agents", "nobody-knows"), 1, "nobody-knows"),
        (("publish", "web-9", "cpu"), 2, "NAME=NUMBER"),
        (("publish", "web-9", "cpu=nan"), 2, "NAME=NUMBER"),
        (("publish", "web/9", "cpu=1"), 1, ""),
        (("lifecycle", "web", "asleep", "--reason", "r"), 2, "'quarantined'"),
        (("actions", "--state", "asleep"), 2, "'awaiting'"),
        (("log", "import", "/dev/null"), 2, "/dev/null"),
        (("services", "destroy", "web"), 2, "restart|start|stop"),
        (("approve", "no-such", "--reason", "r"), 1, "no-such"),
        (("approve", "no?such#one", "--reason", "r"), 1, "no?such#one"),
        (("agents", "--as-of", "tomorrow"), 2, "as_of"),
        (("agents", "--limit", "none"), 2, ""),
    ],
)
def test_what_cannot_be_done_is_said_with_a_status(
    homeostat: Installation, argv: tuple[str, ...], status: int, told: str
) -> None:
    done = homeostat.command(*argv)
    assert done.returncode == status, done.stdout + done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_write_answers_with_its_receipt(homeostat: Installation) -> None:
    receipt = answer(homeostat, "publish", "web-receipt", "cpu_usage=1")
    assert receipt["position"].startswith("telemetry/")


def test_statuses_are_in_the_help(homeostat: Installation) -> None:
    assert "Exit statuses: 0 done" in run(homeostat, "--help")


def test_an_installation_that_is_away_is_named(tmp_path: Path) -> None:
    nowhere = Installation(tmp_path / "nowhere")
    assert nowhere.command("agents").returncode == 2  # no token there
    (nowhere.home / "token").write_text("x", encoding="ascii")
    away = nowhere.command("agents")
    assert away.returncode == 3
    assert "homeostat up" in away.stderr


def test_a_wrong_token_is_told(homeostat: Installation) -> None:
    done = homeostat.command("agents", HOMEOSTAT_TOKEN="wrong")
    assert done.returncode == 4
    assert "HOMEOSTAT_TOKEN" in done.stderr


def test_the_doctor_finds_a_taken_port(homeostat: Installation, tmp_path: Path) -> None:
    other = {"HOMEOSTAT_HOME": str(tmp_path), "HOMEOSTAT_TOKEN": "wrong"}
    done = homeostat.command("doctor", **other)
    assert done.returncode == 1
    assert "is taken by" in done.stdout
