"""What `up` tells must not end it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from api.cli.up import reporter


def test_a_line_has_the_seconds_since_the_start(capsys: pytest.CaptureFixture[str]) -> None:
    reporter()("all is well")
    assert re.fullmatch(r"\[ +0\.\d s\] all is well\n", capsys.readouterr().out)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no device that is always full")
def test_a_full_disk_below_standard_output_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full").open("w", encoding="utf-8")  # noqa: SIM115 - closing it fails too
    monkeypatch.setattr(sys, "stdout", full)
    report = reporter()
    report("nobody can read this")
    report("nor this")
    monkeypatch.undo()
    with pytest.raises(OSError, match="No space left"):
        full.close()
