"""Every command of the tree: JSON where it prints data, and an exit status that says why."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from api.cli.commands import app
from api.cli.main import main
from tests.end_to_end.harness import Installation
from tests.unit.projections.backtest.test_incidents import incident

UNENDING = {"up", "role", "top"}
"""They run until they are told to end."""
TEXT = {"guide"}
"""They print prose."""
ASKING: dict[str, tuple[str, ...]] = {
    "status": (),
    "agents": ("--limit", "3"),
    "findings": ("--state", "all"),
    "incidents": ("--status", "all"),
    "actions": (),
    "conversations": ("no-such",),
    "preview": ("no-such",),
    "approve": ("no-such", "--reason", "r"),
    "reject": ("no-such", "--reason", "r"),
    "groups": (),
    "operate": ("release", "--agent", "no-such", "--reason", "r"),
    "acknowledge": ("no-such", "--reason", "r"),
    "assign": ("no-such", "ann"),
    "comment": ("no-such", "noted"),
    "accept": ("no-such", "--reason", "r"),
    "relearn": ("no-such", "--reason", "r"),
    "services": (),
    "events": ("--limit", "5"),
    "lifecycle": ("no-such", "active", "--reason", "r"),
    "publish": ("web-tree", "cpu_usage=1"),
    "dead-letters list": (),
    "dead-letters show": ("no-such",),
    "dead-letters discard": ("no-such", "--reason", "r"),
    "dead-letters redrive": ("no-such",),
    "policy show": (),
    "policy apply": ("FILE", "--reason", "r"),
    "policy diff": ("--to", "FILE"),
    "policy shipped": (),
    "policy take": ("no-such", "--reason", "r"),
    "policy keep": ("no-such", "--reason", "r"),
    "silences create": ("--match", "agent=tree", "--for", "1m", "--reason", "r"),
    "silences preview": ("--match", "agent=tree"),
    "silences list": (),
    "silences show": ("no-such",),
    "silences end": ("no-such", "--reason", "r"),
    "tokens create": ("--name", "tree", "--role", "viewer"),
    "tokens list": (),
    "tokens revoke": ("no-such", "--reason", "r"),
    "audit list": (),
}
"""Commands that ask the API, with arguments that it understands."""
OWN: dict[str, tuple[str, ...]] = {
    "doctor": (),
    "replay": ("--verify",),
    "policy what-if": ("FILE",),
    "projections rebuild": (),
    "log checkpoints": (),
    "log export": ("NEW",),
    "log import": ("FILE",),
    "simulate": ("--agents", "3", "--rate", "3", "--duration", "2", "--speed", "0"),
    "audit verify": (),
    "backtest detector": ("--out", "NEW"),
    "backtest fleet": ("--scenarios", "spike", "--days", "0.1", "--agents", "1", "--out", "NEW"),
    "backtest incidents": ("LABELLED", "--out", "NEW"),
}
"""Commands that look at the log or at this machine themselves."""
NOT_THERE = {name for name, argv in ASKING.items() if "no-such" in argv}


def leaves(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Give every command with its path in the tree."""
    command = command or typer.main.get_command(app)
    below = getattr(command, "commands", None)
    if below is None:
        yield " ".join(path), command
        return
    for name, each in below.items():
        yield from leaves(each, (*path, name))


TREE = dict(leaves())


def argv_of(name: str, folder: Path) -> list[str]:
    """Return a command with its arguments, files among them made."""
    policy = folder / "policy.yaml"
    if not policy.exists():
        policy.write_text(yaml.safe_dump({"limits": {"max_queued": 50}}), encoding="utf-8")
    labelled = folder / "labelled"
    if not labelled.exists():
        incident(labelled, "one", "db")
    places = {"FILE": str(policy), "NEW": str(folder / "new"), "LABELLED": str(labelled)}
    given = (ASKING | OWN).get(name, ())
    return [*name.split(), *(places.get(each, each) for each in given)]


def status_of(monkeypatch: pytest.MonkeyPatch, argv: list[str], **environment: str) -> int:
    """Return the exit status of `homeostat` with `argv`, run in this process."""
    monkeypatch.setattr(sys, "argv", ["homeostat", *argv])
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    try:
        return main()
    except SystemExit as ended:
        return int(ended.code or 0)


def test_every_command_is_looked_at_here() -> None:
    assert set(TREE) <= set(ASKING) | set(OWN) | UNENDING | TEXT


@pytest.mark.parametrize("name", sorted(TREE))
def test_what_prints_data_prints_json(name: str) -> None:
    options = {option for each in TREE[name].params for option in each.opts}
    assert ("--json" in options) is (name not in UNENDING | TEXT)


@pytest.mark.parametrize("name", sorted((set(ASKING) | set(OWN)) & set(TREE) - {"log import"}))
def test_json_is_all_that_is_printed(homeostat: Installation, tmp_path: Path, name: str) -> None:
    done = homeostat.command(*argv_of(name, tmp_path), "--json")
    if name in NOT_THERE:
        assert done.returncode == 1, done.stdout + done.stderr
        assert done.stdout == ""
        assert "no-such" in done.stderr
        return
    assert done.returncode in (0, 1), done.stdout + done.stderr
    documents = done.stdout.splitlines() if name == "events" else [done.stdout]
    for text in documents:
        json.loads(text)


@pytest.mark.parametrize("name", sorted(TREE))
def test_an_option_that_is_not_known_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert status_of(monkeypatch, [*name.split(), "--no-such-option"]) == 2
    assert "no-such-option" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(set(ASKING) & set(TREE)))
@pytest.mark.parametrize(
    ("environment", "status", "told"),
    [
        pytest.param({"HOMEOSTAT_API": "http://127.0.0.1:1"}, 3, "homeostat up", id="away"),
        pytest.param({"HOMEOSTAT_TOKEN": "nobody's"}, 4, "HOMEOSTAT_TOKEN", id="refused"),
        pytest.param({"HOMEOSTAT_API_PORT": "many"}, 2, "api_port", id="settings"),
    ],
)
def test_who_asks_the_api_says_why_it_cannot(
    homeostat: Installation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    name: str,
    environment: dict[str, str],
    status: int,
    told: str,
) -> None:
    argv = argv_of(name, tmp_path)
    assert status_of(monkeypatch, argv, **(homeostat.own | environment)) == status
    said = capsys.readouterr()
    assert said.out == ""
    assert told.lower() in said.err.lower()


@pytest.mark.parametrize(
    "name", ["replay", "policy what-if", "projections rebuild", "log export", "simulate"]
)
def test_a_log_that_is_away_is_said(homeostat: Installation, tmp_path: Path, name: str) -> None:
    done = homeostat.command(*argv_of(name, tmp_path), HOMEOSTAT_KAFKA="127.0.0.1:1")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["replay", "policy what-if", "projections rebuild", "log export"])
def test_a_home_without_a_log_is_wrong_settings(
    homeostat: Installation, tmp_path: Path, name: str
) -> None:
    done = homeostat.command(*argv_of(name, tmp_path), HOMEOSTAT_HOME=str(tmp_path / "nowhere"))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "nowhere" in done.stderr


def test_the_statuses_are_told_in_the_help(homeostat: Installation) -> None:
    told = " ".join(homeostat.command("--help", COLUMNS="200").stdout.split())
    for each in ("0 done", "1 the answer is no", "2 wrong usage", "3 what was", "4 refused"):
        assert each in told, os.linesep + told
