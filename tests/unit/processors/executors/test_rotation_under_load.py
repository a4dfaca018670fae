"""Rotation beside a writer that never pauses: every line exactly once."""

import asyncio
import contextlib
import gzip
import subprocess
import sys

import pytest

from config.configuration import Housekeeping
from processors.executors.actions.cutting import can_cut
from processors.executors.actions.rotate_logs import RotateLogs
from processors.executors.actions.worker import Stopped

WRITER = """
import sys
with open(sys.argv[1], "ab", buffering=0) as log:
    print("ready", flush=True)
    for number in range(10_000_000):
        log.write(b"line %d\\n" % number)
"""


@pytest.fixture
def rules(tmp_path):
    if not can_cut(tmp_path):
        pytest.skip("this file system cannot cut a file")
    return Housekeeping(log_globs=[f"{tmp_path}/*.log"], rotate_above_mb=0.01)


async def until_larger(path, size):
    while path.stat().st_size < size:
        await asyncio.sleep(0.01)


@contextlib.contextmanager
def writing(log):
    with subprocess.Popen([sys.executable, "-c", WRITER, str(log)], stdout=subprocess.PIPE) as one:
        try:
            one.stdout.readline()
            yield
        finally:
            one.kill()


async def test_every_line_is_in_the_archives_or_the_log_exactly_once(tmp_path, rules):
    log = tmp_path / "app.log"
    with writing(log):
        for _ in range(3):
            await until_larger(log, 200_000)
            action = RotateLogs(rules)
            assert (await action.run()).well
            assert (await action.verify()).well
    parts = [gzip.decompress((tmp_path / f"app.log.{n}.gz").read_bytes()) for n in (3, 2, 1)]
    lines = (b"".join(parts) + log.read_bytes()).splitlines()
    assert lines == [b"line %d" % number for number in range(len(lines))]


async def test_an_undo_puts_the_lines_back_in_front(tmp_path, rules):
    log = tmp_path / "app.log"
    before = b"".join(b"line %d\n" % number for number in range(50_000))
    log.write_bytes(before)
    action = RotateLogs(rules)
    await action.run()
    assert log.stat().st_size < 8192
    with log.open("ab") as file:
        file.write(b"since\n")
    await action.undo()
    assert log.read_bytes() == before + b"since\n"
    assert not list(tmp_path.glob("*.gz"))


async def test_told_to_stop_it_leaves_the_log_as_it_was(tmp_path, rules):
    log = tmp_path / "app.log"
    log.write_bytes(b"x" * 5_000_000)
    action = RotateLogs(rules)
    assert await action.undo() is None
    with pytest.raises(Stopped):
        await action.run()
    assert log.stat().st_size == 5_000_000
    assert [path.name for path in tmp_path.iterdir()] == ["app.log"]
