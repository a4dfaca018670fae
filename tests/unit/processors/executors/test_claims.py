"""The journal of commands: what it holds when a call returns, and what it remembers."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from processors.executors.claims import KEPT, Claims
from tests.unit.processors.executors.test_dispatch import command


def test_a_command_is_synced_to_the_disk_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, taken, synced = tmp_path / "claims.jsonl", command(), list[bytes]()
    real = os.fsync

    def noted(number: int) -> None:
        synced.append(path.read_bytes())
        real(number)

    with closing(Claims(path)) as claims:
        monkeypatch.setattr(os, "fsync", noted)
        claims.claim(taken)
        assert len(synced) == 1
        assert taken.id.encode() in synced[0]
        claims.finish(taken.id)
        assert len(synced) == 2


def test_the_latest_that_are_finished_are_remembered_and_all_that_are_not(tmp_path: Path) -> None:
    path, still_open = tmp_path / "claims.jsonl", command()
    lines = "".join(f'["old-{number}",null]\n' for number in range(KEPT + 7))
    with closing(Claims(path)) as claims:
        claims.claim(still_open)
    with path.open("a", encoding="ascii") as journal:
        journal.write(lines)
    with closing(Claims(path)) as claims:
        assert not claims.known("old-6")
        assert claims.known("old-7")
        assert claims.known(f"old-{KEPT + 6}")
        assert [event.id for event in claims.unfinished()] == [still_open.id]
    assert len(path.read_bytes().splitlines()) == KEPT + 1
