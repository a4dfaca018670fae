"""What answers look like where they hold more than letters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.cli.show import as_table, say

HOSTILE = "one\x1b[2J\x9b31m\u202etwo"
ESCAPED = r"one\x1b[2J\x9b31m\u202etwo"


def test_no_terminal_obeys_what_an_agent_says(capsys: pytest.CaptureFixture[str]) -> None:
    as_table(("agent", "says"), [("web-1", HOSTILE)])
    say(HOSTILE)
    table, line = capsys.readouterr().out.splitlines()[1:]
    assert table.split() == ["web-1", ESCAPED]
    assert line == ESCAPED


def test_brackets_and_what_escapes_them_are_shown_as_they_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    as_table(("what",), [(r"a\[bold]b[/]",)])
    assert capsys.readouterr().out.splitlines()[1].strip() == r"a\[bold]b[/]"


def homeostat(*argv: str, stdout: int, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    command = Path(sys.executable).with_name("homeostat")
    return subprocess.run(
        [command, *argv],
        check=False,
        env=os.environ | environment,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_letters_that_the_terminal_lacks_are_escaped() -> None:
    done = homeostat("guide", "failures", stdout=subprocess.PIPE, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert r"\u2026" in done.stdout


def test_a_full_disk_below_standard_output_is_said() -> None:
    with Path("/dev/full").open("wb") as full:
        done = homeostat("--version", stdout=full.fileno())
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "No space left" in done.stderr
