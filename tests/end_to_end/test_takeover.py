"""A worker that dies for good is replaced by another, whoever it was."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.takeover_rig import pair_under_load


async def test_another_worker_takes_over_what_a_dead_one_had(tmp_path: Path) -> None:
    async with pair_under_load(tmp_path) as pair:
        for slot in (0, 1):
            assert await pair.kill(slot) > 0
            await pair.start(slot)
            await pair.all_moved()
