"""A rule of a user's own: broken until its agent is quarantined, which a person ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from streams.contracts.record import Outgoing
from streams.contracts.topics import TELEMETRY
from tests.end_to_end.harness import Installation, patient
from tests.end_to_end.letters import send_raw

AGENT = "intruder"
RULE = {
    "name": "failed_logins",
    "metric": "failed_logins",
    "above": 100.0,
    "clear_s": 0.0,
    "severity": "critical",
    "points": 45.0,
    "action": "look who guesses passwords",
}


def with_rule(homeostat: Installation, **changed: Any) -> dict[str, Any]:
    policy = patient(homeostat.get("/policy")["policy"])
    policy["surveillance"]["threats"].append(RULE | changed)
    return policy


@pytest.fixture
def watched(homeostat: Installation) -> Iterator[Installation]:
    """Put the rule in force; in the end the agent leaves for good."""
    homeostat.in_force(with_rule(homeostat), "logins are watched")
    yield homeostat
    told = homeostat.command("lifecycle", AGENT, "decommissioning", "--reason", "was a test")
    assert told.returncode == 0, told.stderr
    homeostat.wait_for(lambda: standing(homeostat)["status"] == "decommissioned", "end of it")


async def guess(homeostat: Installation, times: int) -> None:
    value = {"agent_id": AGENT, "metrics": {"failed_logins": times}}
    await send_raw(homeostat, [Outgoing(TELEMETRY.name, None, json.dumps(value).encode())])


def standing(homeostat: Installation) -> Any:
    return homeostat.get(f"/agents/{AGENT}") or {"status": "", "security": {"score": 100.0}}


def scored(homeostat: Installation, score: float, issues: int) -> Any:
    def there() -> Any:
        found = standing(homeostat)
        security = found["security"]
        near = security["score"] - score
        return found if 0.0 <= near < 1.0 and len(security["issues"]) == issues else None

    return homeostat.wait_for(there, f"security score of {score:g}")


def opened(found: Any) -> list[bool]:
    return [issue["ended_at"] is None for issue in found["security"]["issues"]]


async def test_who_breaks_a_rule_again_is_quarantined_until_a_person_says_otherwise(
    watched: Installation,
) -> None:
    await guess(watched, 500)
    (issue,) = scored(watched, 55.0, 1)["security"]["issues"]
    finding = watched.wait_for(lambda: watched.get(f"/findings/{issue['finding_id']}"), "finding")
    assert (finding["kind"], finding["agent_id"]) == ("threat", AGENT)
    assert (finding["severity"], finding["rule"]) == ("critical", issue["rule"])
    listed = watched.command("findings", "--agent", AGENT, "--state", "all").stdout
    assert f"threat {issue['rule']}" in listed
    assert finding["summary"].startswith(f"failed_logins: failed_logins of default/{AGENT} is 500")
    await guess(watched, 0)
    watched.wait_for(lambda: opened(standing(watched)) == [False], "end of the threat")

    await guess(watched, 900)
    scored(watched, 10.0, 2)
    watched.wait_for(lambda: standing(watched)["status"] == "quarantined", "quarantine")
    assert standing(watched)["status_reason"] == "security score 10: failed_logins"
    low = watched.get("/agents", security_below=20, sort="security", limit=1000)["items"]
    assert AGENT in [each["agent_id"] for each in low]
    assert [each["security"]["score"] for each in low] == sorted(
        each["security"]["score"] for each in low
    )
    shown = watched.command("agents", AGENT).stdout
    assert "security: critical (10" in shown
    assert "failed_logins took 45" in shown

    refused = watched.command("lifecycle", AGENT, "idle", "--reason", "it sleeps")
    assert refused.returncode == 4
    assert refused.stdout.startswith(
        f"{AGENT}: idle is refused, illegal_transition: it is quarantined, and may become active, "
    )
    told = watched.command("lifecycle", AGENT, "active", "--reason", "it was me")
    assert told.returncode == 0, told.stderr
    assert told.stdout == f"{AGENT}: active now, was quarantined\n"
    watched.wait_for(lambda: standing(watched)["status"] == "active", "release")
    await guess(watched, 0)
    watched.wait_for(lambda: opened(standing(watched)) == [False, False], "end of the second")
    assert standing(watched)["status"] == "active"


def test_a_rule_that_cannot_be_meant_is_refused_with_its_remedy(homeostat: Installation) -> None:
    wrong = with_rule(homeostat, below=1.0)
    with pytest.raises(httpx.HTTPStatusError) as refused:
        homeostat.put("/policy", {"policy": wrong, "reason": "a slip"})
    assert refused.value.response.is_client_error
    assert "threat failed_logins: above is 100.0; give one limit" in refused.value.response.text
