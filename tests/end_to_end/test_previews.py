"""What a person is shown before they approve, and that nothing else is done."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from tests.end_to_end.harness import Installation


@pytest.fixture(scope="module")
def bob(homeostat: Installation) -> str:
    """Let restarts wait for a person, and return the token of one who may approve."""
    policy = homeostat.get("/policy")["policy"]
    policy["actions"]["service.restart"]["mode"] = "approve"
    homeostat.in_force(policy, "look before restarting")
    name = f"bob-{uuid.uuid4()}"
    made = homeostat.command("tokens", "create", "--name", name, "--role", "approver", "--json")
    return str(json.loads(made.stdout)["token"])


def waiting(homeostat: Installation) -> dict[str, Any]:
    """Ask for a restart of ``web``; return the action once its dry run is there."""
    asked = homeostat.command("services", "restart", "web", "--json")
    request = json.loads(asked.stdout)["event_id"]

    def shown() -> dict[str, Any] | None:
        found = homeostat.get("/actions", finding=request)["items"]
        return found[0] if found and (found[0]["preview"] or {}).get("at") else None

    return homeostat.wait_for(shown, "dry run")


def test_what_is_approved_was_shown_and_is_what_is_done(homeostat: Installation, bob: str) -> None:
    pid = homeostat.service_pid()
    action = waiting(homeostat)
    preview = action["preview"]
    assert (preview["state"], preview["refused"], preview["host"]) == ("fresh", "", "this-host")
    end, start = preview["steps"]
    assert end.startswith(f"end process group {pid} (SIGTERM")
    assert start.startswith("start ")
    assert start.endswith(f" -m http.server {homeostat.service_port} --bind 127.0.0.1")
    looked = homeostat.command("preview", action["action_id"])
    assert looked.returncode == 0, looked.stderr
    assert [line.strip() for line in looked.stdout.splitlines()[1:]] == [end, start]
    anew = homeostat.get(f"/actions/{action['action_id']}")["preview"]
    assert anew["at"] > preview["at"]
    assert anew["digest"] == preview["digest"]
    argv = ("approve", action["action_id"], "--exactly", "--reason", "as shown")
    approved = homeostat.command(*argv, HOMEOSTAT_TOKEN=bob)
    assert approved.returncode == 0, approved.stderr
    assert end in approved.stdout

    def done() -> dict[str, Any] | None:
        found = homeostat.get(f"/actions/{action['action_id']}")
        return found if found["state"] == "finished" else None

    finished = homeostat.wait_for(done, "end of the restart")
    assert (finished["outcome"], finished["evidence"]["preview"]) == (
        "succeeded",
        f"{end}\n{start}",
    )
    assert finished["approvals"][0]["seen"] == preview["digest"]
    assert finished["approvals"][0]["exactly"]
    too_late = homeostat.command("preview", action["action_id"])
    assert (too_late.returncode, too_late.stdout) == (4, "")
