"""What another policy would have decided on the log of a running installation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from config.policy import policy_from
from projections.what_if.bounds import Span
from projections.what_if.run import what_if
from streams.contracts.telemetry import parse_time
from tests.end_to_end.harness import PATIENCE_S, Installation

AGENT = "default/what-if"


@pytest.fixture(scope="module")
def policy(homeostat: Installation) -> dict[str, Any]:
    """Give the policy in force, under which a log is too large and the service was healed."""
    homeostat.settled()
    homeostat.command("publish", "what-if", "log_size_mb=150")
    homeostat.wait_for(lambda: homeostat.get("/findings", agent="what-if")["items"], "finding")
    found: dict[str, Any] = homeostat.get("/policy")["policy"]
    return found


def otherwise(policy: dict[str, Any]) -> dict[str, Any]:
    """Return a policy that bears larger logs, and asks before a service is started again."""
    changed: dict[str, Any] = json.loads(json.dumps(policy))
    for threshold in changed["surveillance"]["thresholds"]:
        if threshold["metric"] == "log_size_mb":
            threshold |= {"warning": 200, "clear": 180}
    changed["actions"]["service.restart"]["mode"] = "approve"
    return changed


def asked(
    homeostat: Installation, folder: Path, policy: dict[str, Any], *argv: str, status: int = 1
) -> str:
    file = folder / "candidate.yaml"
    file.write_text(yaml.safe_dump(policy), encoding="utf-8")
    done = homeostat.command("policy", "what-if", str(file), *argv)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout or done.stderr


def question(homeostat: Installation, policy: dict[str, Any]) -> httpx.Response:
    token = (homeostat.home / "token").read_text(encoding="ascii").strip()
    return httpx.post(
        f"http://127.0.0.1:{homeostat.api_port}/api/v1/policy/what-if",
        headers={"Authorization": f"Bearer {token}"},
        json={"policy": policy},
        timeout=PATIENCE_S,
    )


def rows_of(found: dict[str, Any], agent: str) -> dict[str, Any]:
    return {f"{row['what']} {row['kind']}": row for row in found["rows"] if row["agent"] == agent}


def test_a_raised_threshold_takes_its_finding_away(
    homeostat: Installation, policy: dict[str, Any], tmp_path: Path
) -> None:
    found = json.loads(
        asked(homeostat, tmp_path, otherwise(policy), "--tenant", "default", "--json")
    )
    row = rows_of(found, AGENT)["finding log_size log_size_mb"]
    assert (row["gone"], row["same"], row["added"]) == (1, 0, 0)
    web = rows_of(found, "default/web")
    assert web["granted service.restart"]["gone"] >= 1
    assert web["held for approval service.restart"]["added"] >= 1
    # The stronger form is no way around the question; other tests may have had it granted.
    assert web.get("granted service.kill_stuck", {"added": 0})["added"] == 0
    assert "default/web" in {each["agent"] for each in found["diverged"]}
    assert found["outcomes_beyond"] >= 1


def test_the_recorded_policy_decides_the_same(
    homeostat: Installation, policy: dict[str, Any], tmp_path: Path
) -> None:
    since = homeostat.get("/policy")["changed_at"]
    told = asked(homeostat, tmp_path, policy, "--since", since, status=0)
    assert "nothing would be decided otherwise" in told
    assert "finding: " in told


def test_the_same_is_told_by_http(homeostat: Installation, policy: dict[str, Any]) -> None:
    answer = question(homeostat, otherwise(policy))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert rows_of(found, AGENT)["finding log_size log_size_mb"]["gone"] == 1
    assert found["diverged_agents"] >= 1
    refused = question(homeostat, {"limits": {"max_queued": "many"}})
    assert refused.status_code == 422
    assert "limits.max_queued" in refused.json()["detail"]


@pytest.mark.parametrize("at_most", [20, 90])
async def test_from_the_midst_of_the_log_the_same_policy_decides_the_same(
    homeostat: Installation, policy: dict[str, Any], at_most: int
) -> None:
    """Nothing is known of what came before, and both folds know equally little."""
    since = parse_time(homeostat.get("/policy")["changed_at"])
    span = Span(since, at_most=at_most)
    found = await what_if(homeostat.connection, homeostat.signer, policy_from(policy), span)
    assert found.equal, found.rows
    assert found.records <= at_most
    assert [note.startswith(f"the newest {at_most} records") for note in found.notes] == [True]
