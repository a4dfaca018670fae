"""A log leaves an installation as files, and another one goes on from them."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from projections.database import open_database
from projections.replay.compare import differences
from streams.contracts.envelope import decode_event
from streams.contracts.topics import ACTIONS, TELEMETRY
from streams.kafka.log_files import MANIFEST, Line, Part, read_manifest, read_part
from tests.end_to_end.harness import Installation, read_all


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Give an installation that healed a service, exported while it ran, and then went down."""
    installation = Installation(tmp_path_factory.mktemp("origin"))
    try:
        installation.start()
        known = installation.settled()
        os.kill(installation.wait_for(installation.service_pid, "service"), signal.SIGKILL)
        installation.settled(known)
        _done(installation, "log", "export", str(installation.home / "live"))
        installation.stop()
        _fold(installation)  # before the export, which goes on record itself
        told = _done(installation, "log", "export", str(installation.home / "rest"))
        assert "100 %" in told
        yield installation
    finally:
        installation.stop()


def _done(installation: Installation, *argv: str, **environment: str) -> str:
    done = installation.command(*argv, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _views(installation: Installation) -> str:
    return f"sqlite:///{installation.home / 'whole.db'}"


def _fold(installation: Installation) -> None:
    """Fold the whole log into a database of its own.

    The live views of an installation that went down may end before its log does.
    """
    url = _views(installation)
    _done(installation, "projections", "rebuild", HOMEOSTAT_DATABASE_URL=url)


def _heir(origin: Installation, folder: Path) -> Installation:
    heir = Installation(folder)
    shutil.copy(origin.home / "secret", heir.home / "secret")
    return heir


def test_an_import_holds_the_same_state(origin: Installation, tmp_path: Path) -> None:
    heir = _heir(origin, tmp_path / "heir")
    assert "100 %" in _done(heir, "log", "import", str(origin.home / "rest"))
    _done(heir, "replay", "--verify")
    _fold(heir)
    ours, theirs = (open_database(_views(each)) for each in (origin, heir))
    with ours.connect() as one, theirs.connect() as other:
        assert differences(one, other) == {}
    ours.dispose()
    theirs.dispose()
    again = _done(heir, "log", "export", str(heir.home / "again"))
    assert "records are in" in again
    for part in read_manifest(origin.home / "rest").parts:
        if not part.topic.startswith("snapshots."):
            files = [folder / part.file for folder in (origin.home / "rest", heir.home / "again")]
            assert files[0].read_bytes() == files[1].read_bytes(), part


def test_an_import_that_was_broken_off_is_told_and_goes_on(
    origin: Installation, tmp_path: Path
) -> None:
    heir, files = _heir(origin, tmp_path / "heir"), tmp_path / "files"
    shutil.copytree(origin.home / "rest", files)
    last = max(part.file for part in read_manifest(files).parts if part.topic == TELEMETRY.name)
    whole = (files / last).read_bytes()
    (files / last).write_bytes(whole[:-20])
    broken = heir.command("log", "import", str(files))
    assert broken.returncode == 2
    assert f"{last} is damaged" in broken.stderr

    up = heir.command("up")
    assert up.returncode == 2, up.stdout + up.stderr
    told = re.search(r"broken off at record ([\d,]+); `homeostat log import`", up.stderr)
    assert told is not None, up.stderr
    assert int(told[1].replace(",", "")) > 0
    verify = heir.command("replay", "--verify")
    assert verify.returncode == 2, verify.stdout + verify.stderr
    assert f"broken off at record {told[1]}" in verify.stderr
    assert heir.processes() == []

    (files / last).write_bytes(whole)
    assert f"goes on at record {told[1]}" in _done(heir, "log", "import", str(files))
    _done(heir, "replay", "--verify")
    _done(heir, "log", "export", str(heir.home / "again"))
    for part in read_manifest(files).parts:
        if not part.topic.startswith("snapshots."):
            again = heir.home / "again" / part.file
            assert again.read_bytes() == (files / part.file).read_bytes(), part


async def test_what_was_commanded_is_not_done_again(origin: Installation, tmp_path: Path) -> None:
    live = origin.home / "live"
    exported = [line.value for part in read_manifest(live).parts for line in _lines(live, part)]
    before = _claimed(exported)
    assert before
    heir = _heir(origin, tmp_path / "heir")
    await asyncio.to_thread(_done, heir, "log", "import", str(live))
    try:
        await asyncio.to_thread(heir.start)
        await asyncio.to_thread(heir.wait_for, heir.service_pid, "service of its own")
        await asyncio.to_thread(_done, heir, "replay", "--verify")
        actions = await read_all(heir.connection, [ACTIONS.name])
    finally:
        await asyncio.to_thread(heir.stop)
    after = _claimed([record.value for record in actions])
    assert len(after) > len(before)  # it started the service by a command of its own
    assert all(after[command] == times for command, times in before.items())


def _lines(folder: Path, part: Part) -> Iterator[Line]:
    return read_part(folder, part) if part.topic == ACTIONS.name else iter(())


def _claimed(values: list[bytes | None]) -> Counter[str]:
    """Count how often each command was taken on."""
    events = [decode_event(value) for value in values]
    return Counter(e.causationid for e in events if e.type == "action.claimed")


def test_what_cannot_be_imported_is_said(origin: Installation, tmp_path: Path) -> None:
    stranger, rest = Installation(tmp_path / "stranger"), str(origin.home / "rest")
    told = stranger.command("log", "import", rest)
    assert told.returncode == 2
    assert "secret" in told.stderr
    assert not (stranger.home / "kafka").exists()
    nothing = stranger.command("log", "import", str(tmp_path))
    assert nothing.returncode == 2
    assert MANIFEST in nothing.stderr
    full = origin.command("log", "import", rest)
    assert full.returncode == 2
    assert "has records here" in full.stderr
    there = origin.command("log", "export", rest)
    assert there.returncode == 2
    assert "is there already" in there.stderr
