"""The supervisor, with real processes."""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from api.cli import supervisor
from api.cli.supervisor import Child, keep_alive, keep_all_alive


@dataclass(frozen=True, slots=True)
class Script(Child):
    """A child that runs a few lines of Python instead of a role."""

    @property
    def argv(self) -> list[str]:
        return [sys.executable, "-c", self.role]


def appends(path: Path, then: str) -> str:
    return f"import os,signal,time;open({str(path)!r},'a').write(f'{{os.getpid()}}\\n');{then}"


def noted(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


async def pids(path: Path, at_least: int) -> list[int]:
    while True:
        found = noted(path)
        if len(found) >= at_least:
            return found
        await asyncio.sleep(0.01)


async def test_a_killed_child_is_started_again(tmp_path):
    log, stop = tmp_path / "pids", asyncio.Event()
    child = Script("sleeper", appends(log, "time.sleep(600)"))
    task = asyncio.create_task(keep_alive(child, stop))
    (first,) = await pids(log, 1)
    os.kill(first, signal.SIGKILL)
    _, second = await pids(log, 2)
    assert second != first
    stop.set()
    await task
    assert not psutil.pid_exists(second)


async def test_a_child_that_does_not_leave_is_killed(tmp_path):
    log, stop = tmp_path / "pids", asyncio.Event()
    stubborn = "import signal;signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    child = Script("stubborn", stubborn + appends(log, "time.sleep(600)"), patience_s=0.1)
    task = asyncio.create_task(keep_alive(child, stop))
    (pid,) = await pids(log, 1)
    stop.set()
    await task
    assert not psutil.pid_exists(pid)


async def test_a_broken_child_is_started_with_growing_pauses(tmp_path, monkeypatch):
    log, stop = tmp_path / "pids", asyncio.Event()
    pauses: list[int] = []

    def counted(failures: int) -> float:
        pauses.append(failures)
        return 0.0

    monkeypatch.setattr(supervisor, "pause_after", counted)
    child = Script("broken", appends(log, "raise SystemExit(3)"))
    task = asyncio.create_task(keep_alive(child, stop))
    await pids(log, 4)
    stop.set()
    await task
    assert pauses[:3] == [1, 2, 3]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_waves_leave_in_their_order(tmp_path, order):
    log, stop = tmp_path / "pids", asyncio.Event()
    left = tmp_path / "left"

    def script(name: str) -> Script:
        note = f"open({str(left)!r},'a').write('{name} ')"
        handler = f"signal.signal(signal.SIGTERM, lambda *a: ({note}, os._exit(0)))"
        return Script(name, f"import os,signal,time;{handler};" + appends(log, "time.sleep(600)"))

    waves = [[script("ab"[i])] for i in order]
    task = asyncio.create_task(keep_all_alive(waves, stop))
    await pids(log, 2)
    stop.set()
    await task
    assert left.read_text().split() == ["ab"[i] for i in order]


async def test_a_child_that_stands_still_is_started_again(tmp_path):
    log, stop = tmp_path / "pids", asyncio.Event()
    begins = "os.write(int(os.environ['HOMEOSTAT_LIFE']), b'.')"  # imports may take their time
    lives = f"{begins};import asyncio;from api.cli.signs import give;asyncio.run(give(0.01))"
    child = Script("frozen", appends(log, lives), frozen_after_s=4.0)
    task = asyncio.create_task(keep_alive(child, stop))
    (first,) = await pids(log, 1)
    await asyncio.sleep(5.0)
    assert noted(log) == [first]
    os.kill(first, signal.SIGSTOP)
    _, second = await pids(log, 2)
    assert not psutil.pid_exists(first)
    stop.set()
    await task
    assert not psutil.pid_exists(second)
