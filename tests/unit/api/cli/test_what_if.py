"""What is wrong with a candidate or a span is said before anything is read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from api.cli.main import main

FITTING = "limits: {max_queued: 50}"


@pytest.mark.parametrize(
    ("candidate", "argv", "told"),
    [
        ("limits: {max_queued: many}", (), ("limits.max_queued", "many", "config/policy.yaml")),
        ("limits: [", (), ("candidate.yaml", "line 1")),
        (FITTING, ("--since", "yesterday"), ("--since", "yesterday", "RFC 3339")),
        (FITTING, ("--since", "20", "--until", "10"), ("--since 20 must be before --until 10",)),
    ],
)
def test_what_cannot_be_asked_names_field_value_and_remedy(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    candidate: str,
    argv: tuple[str, ...],
    told: tuple[str, ...],
) -> None:
    file = tmp_path / "candidate.yaml"
    file.write_text(candidate, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["homeostat", "policy", "what-if", str(file), *argv])
    assert main() == 2
    said = capsys.readouterr().err
    assert [part for part in told if part not in said] == []
