"""Children are recognised, awaited and ended for certain."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from streams.kafka.broker_process import end, end_leftover, ended, launch, record_of
from streams.kafka.errors import BrokerError

WAIT = "import signal; print('up', flush=True); signal.pause()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAIT}"


def _launched(program: str, log: Path) -> subprocess.Popen[bytes]:
    process = launch([sys.executable, "-c", program], log)
    while "up" not in log.read_text() and process.poll() is None:
        pass
    return process


@pytest.fixture
def child(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = _launched(WAIT, tmp_path / "log")
    yield process
    process.kill()
    process.wait()


async def test_a_child_that_heeds_sigterm_is_not_killed(child: subprocess.Popen[bytes]) -> None:
    assert await end(child, 30.0) == -signal.SIGTERM


async def test_a_stubborn_child_is_killed(tmp_path: Path) -> None:
    assert await end(_launched(STUBBORN, tmp_path / "log"), 0.05) == -signal.SIGKILL


async def test_the_status_of_an_end_can_be_asked_again(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    assert await ended(child) == await ended(child) == -signal.SIGKILL


def test_it_has_a_session_of_its_own(child: subprocess.Popen[bytes]) -> None:
    import os

    assert os.getsid(child.pid) == child.pid


def test_a_leftover_is_ended_when_its_supervisor_is_gone(child: subprocess.Popen[bytes]) -> None:
    ours = record_of(child, 1)
    gone = replace(ours, supervisor_created=ours.supervisor_created - 100)
    import threading

    # A zombie counts as ended; the reaper stands for the init that adopts an orphan.
    reaper = threading.Thread(target=child.wait)
    reaper.start()
    assert end_leftover(gone)
    reaper.join()
    assert not psutil.pid_exists(child.pid)
    assert not end_leftover(gone)


def test_a_broker_whose_supervisor_lives_is_left_alone(child: subprocess.Popen[bytes]) -> None:
    with pytest.raises(BrokerError, match="runs already"):
        end_leftover(record_of(child, 1))
    assert child.poll() is None


def test_a_reused_pid_is_not_taken_for_the_broker(child: subprocess.Popen[bytes]) -> None:
    ours = record_of(child, 1)
    other = replace(ours, created=ours.created - 100, supervisor_created=0.0)
    assert not end_leftover(other)
    assert child.poll() is None
