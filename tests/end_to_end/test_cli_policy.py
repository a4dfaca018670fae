"""Two policies are compared by version and by file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.end_to_end.harness import Installation


def run(homeostat: Installation, *argv: str, status: int = 0) -> str:
    done = homeostat.command("policy", *argv)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout or done.stderr


def in_force(homeostat: Installation, policy: dict[str, Any], reason: str) -> str:
    """Put a policy in force; return its version once it shows."""
    return str(homeostat.in_force(policy, reason))


@pytest.fixture
def versions(homeostat: Installation) -> tuple[str, str]:
    """Give two versions in force, one after the other, that differ in three keys."""
    policy = homeostat.get("/policy")["policy"]
    first = in_force(homeostat, policy, "to begin with")
    policy["limits"]["max_queued"] += 1
    threshold = next(t for t in policy["surveillance"]["thresholds"] if t["metric"] == "cpu_usage")
    threshold["duration_s"] += 1.0
    policy["surveillance"]["thresholds"].insert(0, threshold | {"metric": "made_up"})
    return first, in_force(homeostat, policy, "a test of differences")


def test_what_changed_is_told_key_by_key(
    homeostat: Installation, versions: tuple[str, str]
) -> None:
    first, second = versions
    told = run(homeostat, "diff", status=1)
    assert f"from version {first}, " in told
    assert f"to version {second}, " in told
    assert "by admin: a test of differences" in told
    assert "~ limits.max_queued: " in told
    assert "~ surveillance.thresholds.cpu_usage" in told
    assert ".duration_s: " in told
    assert "+ surveillance.thresholds.made_up" in told
    assert told.count("\n") == 5

    back = json.loads(run(homeostat, "diff", "--from", second, "--to", first, "--json", status=1))
    assert (back["from"]["version"], back["to"]["version"]) == (int(second), int(first))
    changed = {each["path"]: each["change"] for each in back["changes"]}
    assert changed["limits.max_queued"] == "changed"
    assert sorted(changed.values()) == ["changed", "changed", "removed"]
    assert "to version" in run(homeostat, "diff", "--from", second, "--to", second)


def test_a_file_is_compared_with_what_is_in_force(homeostat: Installation, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(run(homeostat), encoding="utf-8")
    assert f"to {file}" in run(homeostat, "diff", "--to", str(file))
    policy = yaml.safe_load(file.read_text(encoding="utf-8"))
    policy["limits"]["max_queued"] = 7
    file.write_text(yaml.safe_dump(policy), encoding="utf-8")
    told = run(homeostat, "diff", "--to", str(file), status=1)
    assert told.rstrip().endswith("→ 7")
    policy["limits"]["max_queued"] = "many"
    file.write_text(yaml.safe_dump(policy), encoding="utf-8")
    assert "max_queued" in run(homeostat, "diff", "--to", str(file), status=2)


@pytest.mark.parametrize(
    ("argv", "status", "told"),
    [
        (("--from", "99999"), 1, "no policy had version 99999"),
        (("--from", "older"), 2, "'older' is no version"),
        (("--to", "no/such/file.yaml"), 2, "no/such/file.yaml"),
        (("--to", "1"), 1, "version 1 is the first"),
    ],
)
def test_what_cannot_be_compared_is_said(
    homeostat: Installation, argv: tuple[str, ...], status: int, told: str
) -> None:
    assert told in run(homeostat, "diff", *argv, status=status)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "it is no policy; `homeostat policy show` prints one"),
        ("limits: {max_queued: .nan}", "`$.limits.max_queued` is nan; write text, a finite number"),
        ("limits: {until: 2026-11-21}", "`$.limits.until` is 2026-11-21; write text"),
    ],
)
def test_a_file_that_is_no_policy_is_said(
    homeostat: Installation, tmp_path: Path, text: str, told: str
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    assert f"{file}: {told}" in run(homeostat, str(file), "--reason", "a slip", status=2)
