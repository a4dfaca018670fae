"""Rotating logs and clearing caches, on real files."""

from __future__ import annotations

import asyncio
import gzip
import shutil
import threading
from pathlib import Path

import pytest

from config.configuration import Housekeeping
from processors.executors.actions.clear_caches import ClearCaches
from processors.executors.actions.rotate_logs import RotateLogs
from processors.executors.executor import NotPossible

LINES = b"".join(b"line %06d\n" % number for number in range(2000))


def rules(folder: Path) -> Housekeeping:
    """Return rules for the logs and one cache below `folder`."""
    return Housekeeping(
        log_globs=[str(folder / "*.log")],
        cache_directories=[folder / "cache"],
        rotate_above_mb=0.01,
        keep_rotated=2,
    )


async def test_rotating_keeps_every_line_and_the_writers_descriptor(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(LINES)
        action = RotateLogs(rules(tmp_path))
        assert f"compress {log} ({len(LINES)} bytes)" in await action.preview()
        assert (await action.run()).well
        writer.write(b"after\n")
    assert (await action.verify()).well
    assert gzip.decompress((tmp_path / "web.log.1.gz").read_bytes()) + log.read_bytes() == (
        LINES + b"after\n"
    )


async def test_undoing_a_rotation_puts_the_lines_back_in_order(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_bytes(LINES)
    action = RotateLogs(rules(tmp_path))
    await action.run()
    with log.open("ab") as writer:
        writer.write(b"after\n")
    undone = await action.undo()
    assert undone is not None
    assert undone.well
    assert log.read_bytes() == LINES + b"after\n"
    assert not (tmp_path / "web.log.1.gz").exists()


async def test_only_as_many_archives_as_declared_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    for _ in range(4):
        log.write_bytes(LINES)
        await RotateLogs(rules(tmp_path)).run()
    kept = [(tmp_path / f"web.log.{number}.gz").exists() for number in (1, 2, 3)]
    assert kept == [True, True, False]


async def test_a_link_to_a_log_is_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere"
    outside.write_bytes(LINES)
    (tmp_path / "web.log").symlink_to(outside)
    with pytest.raises(NotPossible, match="not_needed"):
        await RotateLogs(rules(tmp_path)).preview()


async def test_clearing_a_cache_moves_links_but_not_what_they_name(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"keep me")
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "blob").write_bytes(b"x" * 100)
    (cache / "link").symlink_to(precious)
    action = ClearCaches(rules(tmp_path), tmp_path / "trash")
    assert await action.preview() == f"empty {cache} (100 bytes)"
    assert (await action.run()).evidence == {"bytes_freed": 100}
    assert (await action.verify()).well
    assert list(cache.iterdir()) == []
    assert precious.read_bytes() == b"keep me"
    assert not (tmp_path / "trash").exists()


async def test_undoing_puts_the_entries_back(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "blob").write_bytes(b"x")
    action = ClearCaches(rules(tmp_path), tmp_path / "trash")
    await action.run()
    undone = await action.undo()
    assert undone is not None
    assert (cache / "blob").read_bytes() == b"x"


async def test_a_cache_directory_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (real / "blob").write_bytes(b"x")
    (tmp_path / "cache").symlink_to(real)
    with pytest.raises(NotPossible, match="not_needed"):
        await ClearCaches(rules(tmp_path), tmp_path / "trash").preview()


async def test_an_undo_after_a_time_limit_waits_until_nothing_is_moved_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    for number in range(20):
        (cache / str(number)).write_bytes(b"x")
    before = {path.name for path in cache.iterdir()}
    moving, may_move = threading.Event(), threading.Event()
    move = shutil.move

    def held(origin: Path, kept: Path) -> object:
        moving.set()
        may_move.wait(30)
        return move(origin, kept)

    monkeypatch.setattr(shutil, "move", held)
    action = ClearCaches(rules(tmp_path), tmp_path / "trash")
    running = asyncio.create_task(action.run())
    await asyncio.to_thread(moving.wait, 30)
    running.cancel()  # as a time limit does
    undone = asyncio.create_task(action.undo())
    await asyncio.sleep(0)
    assert not undone.done(), "it overtook the effect"
    may_move.set()
    result = await undone
    assert result is not None
    assert result.detail == "put back 1 entries"
    assert {path.name for path in cache.iterdir()} == before
