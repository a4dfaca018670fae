"""Tokens and the audit trail from the command line, on a whole installation."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.end_to_end.harness import Installation


def done(homeostat: Installation, *argv: str, **environment: str) -> Any:
    """Return what a command prints with ``--json``; it must succeed."""
    ended = homeostat.command(*argv, "--json", **environment)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads(ended.stdout)


def as_holder(homeostat: Installation, token: str, *argv: str) -> subprocess.CompletedProcess[str]:
    return homeostat.command(*argv, HOMEOSTAT_TOKEN=token)


def test_a_token_is_made_used_and_revoked(homeostat: Installation) -> None:
    made = done(
        homeostat, "tokens", "create", "--name", "carol", "--role", "viewer", "--expires", "1h"
    )
    token, issued = made["token"], made["issued"]
    assert as_holder(homeostat, token, "agents").returncode == 0
    refused = as_holder(homeostat, token, "services", "restart", "web")
    assert refused.returncode == 4
    assert "needs the role operator" in refused.stderr
    assert as_holder(homeostat, token, "tokens", "list").returncode == 4
    listed = done(homeostat, "tokens", "list")
    assert [each for each in listed if each["name"] == "carol"] == [issued]
    plain = homeostat.command("tokens", "list").stdout
    assert issued["token_id"] in plain
    assert token not in plain
    ended = done(homeostat, "tokens", "revoke", issued["token_id"], "--reason", "left")
    assert (ended["state"], ended["revoked_by"]) == ("revoked", "admin")
    over = as_holder(homeostat, token, "agents")
    assert over.returncode == 4
    assert "revoked" in over.stderr
    assert "carol" not in homeostat.command("tokens", "list").stdout
    assert "carol" in homeostat.command("tokens", "list", "--all").stdout


def test_a_token_of_the_installation_and_of_a_tenant(homeostat: Installation) -> None:
    every = done(homeostat, "tokens", "create", "--name", "ops", "--role", "admin", "--tenant", "*")
    assert every["issued"]["everywhere"]
    theirs = done(
        homeostat, "tokens", "create", "--name", "dave", "--role", "admin", "--tenant", "t2"
    )
    assert theirs["issued"]["tenant"] == "t2"
    seen = done(homeostat, "tokens", "list", HOMEOSTAT_TOKEN=theirs["token"])
    assert [each["name"] for each in seen] == ["dave"]
    beyond = as_holder(
        homeostat, theirs["token"], "tokens", "create", "--name", "x", "--role", "viewer",
        "--tenant", "*",
    )  # fmt: skip
    assert beyond.returncode == 4
    assert "cannot give every tenant" in beyond.stderr


def test_a_wrong_duration_is_named(homeostat: Installation) -> None:
    wrong = homeostat.command(
        "tokens", "create", "--name", "x", "--role", "viewer", "--expires", "soon"
    )
    assert wrong.returncode == 2
    assert "'soon' is no duration" in wrong.stderr


def test_the_trail_is_listed_and_verified(homeostat: Installation, tmp_path: Path) -> None:
    made = done(homeostat, "tokens", "create", "--name", "erin", "--role", "viewer")
    as_holder(homeostat, made["token"], "services", "restart", "web")
    assert homeostat.command("log", "export", str(tmp_path / "copy")).returncode == 0

    def listed() -> set[tuple[str, ...]]:
        records = done(homeostat, "audit", "list", "--limit", "1000")
        return {(r["actor"].partition(":")[0], r["action"], r["outcome"]) for r in records}

    wanted = {
        ("admin", "token.issued", "done"),
        ("erin", "http.post", "refused"),
        ("local", "log.exported", "done"),
    }
    homeostat.wait_for(lambda: wanted <= listed(), "records of what was done")
    refused = done(homeostat, "audit", "list", "--actor", "erin", "--outcome", "refused")
    assert {r["resource"] for r in refused} == {"/api/v1/actions"}
    whole = done(homeostat, "audit", "verify")
    assert whole["whole"]
    assert len(whole["heads"]) >= 2
    kept = tmp_path / "heads.json"
    kept.write_text(json.dumps(whole))
    assert done(homeostat, "audit", "verify", "--against", str(kept))["whole"]
    assert "whole: " in homeostat.command("audit", "verify").stdout


def test_a_head_that_is_not_there_breaks_the_trail(homeostat: Installation, tmp_path: Path) -> None:
    kept = tmp_path / "heads.json"
    kept.write_text(json.dumps({"heads": {"gone": {"number": 7, "hash": "ab" * 32}}}))
    broken = homeostat.command("audit", "verify", "--against", str(kept))
    assert broken.returncode == 1
    assert "BROKEN" in broken.stdout
    assert "number 7" in broken.stdout
    kept.write_text("{}")
    assert homeostat.command("audit", "verify", "--against", str(kept)).returncode == 2
