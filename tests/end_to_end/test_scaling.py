"""Workers come and go under load: one, two, four, and one again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.end_to_end.scaling_rig import Scaled
from tests.end_to_end.soak_rig import Numbered, judge


@pytest.fixture
def scaled(tmp_path) -> Iterator[Scaled]:
    """Run an installation of one worker."""
    installation = Scaled(tmp_path / "home")
    try:
        installation.start()
        yield installation
    finally:
        installation.stop()


@pytest.mark.slow
async def test_no_heartbeat_is_lost_or_counted_twice_while_workers_come_and_go(
    scaled: Scaled,
) -> None:
    await asyncio.to_thread(scaled.shorten)
    load = Numbered(scaled.connection, rate=500, agents=40, seed=5)
    async with asyncio.TaskGroup() as group:
        group.create_task(load.run())
        for count in (1, 2, 4, 1):
            await asyncio.to_thread(scaled.scale, count)
        load.stop()
    found = await judge(scaled, load)
    print(found)
    must_be_none = {name: n for name, n in found.items() if name.startswith(("missing", "wrong"))}
    assert must_be_none == dict.fromkeys(must_be_none, 0), found
    assert found["findings"] > 0
    again = await asyncio.to_thread(scaled.command, "replay", "--verify")
    assert again.returncode == 0, again.stdout + again.stderr
