"""A process watched from outside: found, missed, and its death told at once."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from config.probes import Probe
from processors.executors.probes import look, watch_probe

Told = tuple[str, Mapping[str, float], Mapping[str, str]]


class Notes:
    """Keeps what is told, in order, for whoever waits."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Told] = asyncio.Queue()

    def put(
        self, agent: str, kind: str, metrics: Mapping[str, float], labels: Mapping[str, str]
    ) -> None:
        """Keep one heartbeat."""
        assert kind == "probe"
        self.told.put_nowait((agent, metrics, labels))


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """Run a process whose command line is its own."""
    mark = f"watched-by-{os.getpid()}"
    with subprocess.Popen([sys.executable, "-c", "input()", mark], stdin=subprocess.PIPE) as made:
        try:
            yield made
        finally:
            made.kill()


@pytest.fixture
def numbered() -> Iterator[str]:
    """Run a process whose command line holds a number that is nobody's pid; give the number."""
    most = int(Path("/proc/sys/kernel/pid_max").read_text(encoding="ascii"))
    beyond = str(most + os.getpid())
    with subprocess.Popen([sys.executable, "-c", "input()", beyond], stdin=subprocess.PIPE) as made:
        try:
            yield beyond
        finally:
            made.kill()


@asynccontextmanager
async def watching(probe: Probe) -> AsyncIterator[Notes]:
    """Watch by `probe` for the length of the block."""
    notes = Notes()
    task = asyncio.create_task(watch_probe(probe, notes.put, "here"))
    try:
        yield notes
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("by", ["pid", "command line"])
async def test_a_living_process_is_found(process: subprocess.Popen[bytes], by: str) -> None:
    wanted = str(process.pid) if by == "pid" else f"watched-by-{os.getpid()}"
    pid, seen = await look(Probe(name="it", process=wanted))
    assert (pid, seen.well) == (process.pid, True)


async def test_what_does_not_run_is_told_by_what_was_looked_for() -> None:
    pid, seen = await look(Probe(name="it", process="no-such-command-line"))
    assert (pid, seen.well) == (None, False)
    assert "'no-such-command-line'" in seen.detail


async def test_a_number_is_a_pid_and_no_part_of_a_command_line(numbered: str) -> None:
    _, seen = await look(Probe(name="it", process=numbered))
    assert not seen.well, seen.detail


async def test_a_death_is_told_long_before_the_next_look(
    process: subprocess.Popen[bytes],
) -> None:
    probe = Probe(name="it", process=f"watched-by-{os.getpid()}", interval_s=3600)
    async with asyncio.timeout(30), watching(probe) as notes:
        agent, metrics, labels = await notes.told.get()
        assert (agent, metrics["up"], labels["probed_from"]) == ("it", 1.0, "here")
        process.kill()
        process.wait()
        _, metrics, labels = await notes.told.get()
        assert metrics == {"up": 0.0}
        assert "no process matches" in labels["verdict"]
