"""Words are completed in a real bash: ids by the API where it answers, and else in silence."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.harness import PATIENCE_S, Installation

BIN = Path(sys.executable).parent
IN_BASH = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")


def bash(homeostat: Installation, script: str, **environment: str) -> str:
    """Run `script` in a bash that finds the command; return what it prints; no word else."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-c", script],
        env=os.environ | homeostat.own | {"PATH": path} | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    assert done.stderr == ""
    return done.stdout


def completed(homeostat: Installation, *words: str, **environment: str) -> list[str]:
    """Return what bash offers for the last of `words`."""
    line = " ".join(shlex.quote(word) for word in ("homeostat", *words))
    script = f"""
        eval "$(homeostat --show-completion bash)"
        COMP_WORDS=({line}) COMP_CWORD={len(words)}
        _homeostat_completion homeostat
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    return [word for word in bash(homeostat, script, **environment).splitlines() if word]


@IN_BASH
def test_bash_knows_the_completion_once_it_is_installed(
    homeostat: Installation, tmp_path: Path
) -> None:
    home = {"HOME": str(tmp_path)}
    assert "bash completes" in bash(homeostat, "homeostat --install-completion bash", **home)
    told = bash(homeostat, "source ~/.bashrc; complete -p homeostat", **home)
    assert told.strip() == "complete -o default -F _homeostat_completion homeostat"


@IN_BASH
def test_the_shell_that_runs_it_is_found(homeostat: Installation, tmp_path: Path) -> None:
    told = bash(homeostat, "homeostat --install-completion; true", HOME=str(tmp_path))
    assert "bash completion installed" in told
    assert (tmp_path / ".bash_completions" / "homeostat.sh").is_file()


@IN_BASH
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("proj",), ["projections"]),
        (("dead-letters", "re"), ["redrive"]),
        (("policy", "d"), ["diff"]),
        (("agents", "this-h"), ["this-host"]),
        (("findings", "--agent", "this-h"), ["this-host"]),
        (("services", "st"), ["start", "stop"]),
        (("services", "restart", "we"), ["web"]),
        (("agents", "nobody-at-all"), []),
        (("approve", ""), []),
    ],
)
def test_words_and_ids_are_completed(
    homeostat: Installation, words: tuple[str, ...], offered: list[str]
) -> None:
    homeostat.wait_for(lambda: homeostat.get("/agents/this-host"), "host")
    # What the API has not answered in half a second is not offered until the next press of a key.
    homeostat.wait_for(lambda: sorted(completed(homeostat, *words)) == offered, f"{offered}")


@IN_BASH
def test_actions_and_findings_are_completed_by_the_first_letters(homeostat: Installation) -> None:
    finding = max(homeostat.settled())
    started = homeostat.get("/actions", agent="web")["items"]
    name = started[0]["action_id"]
    for kind, one in (("actions", name), ("findings", finding)):
        homeostat.wait_for(lambda k=kind, n=one: n in completed(homeostat, k, n[:4]), one)


@IN_BASH
@pytest.mark.parametrize(
    "away",
    [
        {"HOMEOSTAT_API": "http://127.0.0.1:1"},
        {"HOMEOSTAT_TOKEN": "not-a-token-of-anybody"},
        {"HOMEOSTAT_HOME": "/nowhere"},
        {"HOMEOSTAT_API_PORT": "many"},
        {"HOMEOSTAT_API": "no address"},
    ],
)
def test_where_nobody_answers_nothing_is_offered_or_said(
    homeostat: Installation, away: dict[str, str]
) -> None:
    assert completed(homeostat, "agents", "", **away) == []
    assert completed(homeostat, "agen", **away) == ["agents"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_a_script_and_are_answered(
    homeostat: Installation, tmp_path: Path, shell: str
) -> None:
    done = homeostat.command("--show-completion", shell)
    assert done.returncode == 0
    assert f"_HOMEOSTAT_COMPLETE=complete_{shell}" in done.stdout
    asked = {
        "_HOMEOSTAT_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": "homeostat agents this-h",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    homeostat.wait_for(lambda: homeostat.get("/agents/this-host"), "host")
    homeostat.wait_for(lambda: "this-host" in homeostat.command(**asked).stdout, "offer")
    installed = homeostat.command("--install-completion", shell, HOME=str(tmp_path))
    assert installed.returncode == 0, installed.stderr
    assert any("homeostat" in path.name for path in tmp_path.rglob("*"))


def test_a_shell_that_is_not_known_is_named(homeostat: Installation) -> None:
    done = homeostat.command("--show-completion", "tcsh")
    assert done.returncode == 2
    assert "use one of bash, zsh, fish" in done.stderr
