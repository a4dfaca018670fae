"""A whole installation loses workers, broker and projector under load, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.end_to_end.soak_rig import Numbered, Stressed, disturb, faults, judge


@pytest.fixture
def stressed(tmp_path) -> Iterator[Stressed]:
    """Run an installation that this test may break."""
    installation = Stressed(tmp_path / "home")
    try:
        installation.start()
        yield installation
    finally:
        installation.stop()


@pytest.mark.slow
async def test_nothing_is_missing_or_told_twice_after_kills(stressed: Stressed) -> None:
    await asyncio.to_thread(stressed.shorten)
    load = Numbered(stressed.connection, rate=1000, agents=50, seed=3)
    async with asyncio.TaskGroup() as group:
        group.create_task(load.run())
        await disturb(stressed, load, faults(3, worker=3, broker=1, projector=1), 1500, print)
    found = await judge(stressed, load)
    print(found)
    must_be_none = {name: n for name, n in found.items() if name.startswith(("missing", "wrong"))}
    assert must_be_none == dict.fromkeys(must_be_none, 0), found
    assert found["findings"] > 0
    for fetch in ("1", "0"):
        again = await asyncio.to_thread(stressed.command, "replay", "--verify", "--fetch", fetch)
        assert again.returncode == 0, again.stdout + again.stderr
    rebuilt = await asyncio.to_thread(stressed.command, "projections", "rebuild")
    assert "the live views were equal" in rebuilt.stdout, rebuilt.stdout + rebuilt.stderr
