"""A declared service and its real process: death, stuckness, adoption, orphans, intent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from config.services import Service
from processors.executors.services.ledger import Ledger, Running
from processors.executors.services.managed import ManagedService
from processors.executors.services.order import stop_all, stop_order
from processors.executors.services.output import size_on_disk
from processors.executors.services.spawn import spawn
from processors.executors.telemetry import service_metrics
from tests.ports import free_port

Make = Callable[..., ManagedService]
_MEMORY = pytest.param(
    "/dev/shm",
    marks=pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no such file system"),
)
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Make services of one ledger; what still runs at the end is killed."""
    made: list[ManagedService] = []

    def build(command: list[str] = SLEEP, name: str = "web", **declared: object) -> ManagedService:
        service = Service.model_validate({"name": name, "command": command, **declared})
        log = tmp_path / f"{name}.log"
        managed = ManagedService(service, Ledger(tmp_path / "ledger"), log, lambda _: None)
        made.append(managed)
        return managed

    yield build
    for managed in made:
        if managed.running is not None:
            managed.running.kill_now()
            await ended(managed)


async def ended(managed: ManagedService) -> None:
    """Wait until the death of its process is known."""
    async with asyncio.timeout(30):
        while managed.running is not None:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("command", "said"),
    [("exit 3", "ended with status 3"), ("kill -9 $$", "was killed by signal 9")],
)
async def test_a_death_is_known_with_its_status(make: Make, command: str, said: str) -> None:
    managed = make(["sh", "-c", command])
    pid = managed.start().pid
    await ended(managed)
    assert managed.last_exit == f"process {pid} {said}"
    assert not psutil.pid_exists(pid), "it was left as a zombie"


async def test_what_ignores_sigterm_is_killed_with_its_group(make: Make, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = f"trap '' TERM; sleep 600 & echo $! > {ready}.new; mv {ready}.new {ready}; wait; wait"
    managed = make(["sh", "-c", script], stop_s=0.2)
    pid = managed.start().pid
    async with asyncio.timeout(30):
        while not ready.exists():
            await asyncio.sleep(0.01)
    child = psutil.Process(int(ready.read_text()))
    assert await managed.stop()
    assert not psutil.pid_exists(pid)
    psutil.wait_procs([child], timeout=30)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


DAEMON = """
import os, signal, sys, time
if os.fork():
    time.sleep(600)
os.setsid()
if os.fork():
    os._exit(0)
def leave(*_):
    time.sleep(0.1)
    print("left when asked", flush=True)
    os._exit(0)
signal.signal(signal.SIGTERM, leave)
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(os.getpid()))
os.rename(sys.argv[1] + ".new", sys.argv[1])
while True:
    time.sleep(600)
"""


@pytest.mark.parametrize("killed_first", [False, True])
async def test_a_daemon_in_a_session_of_its_own_ends_with_its_service(
    make: Make, tmp_path: Path, killed_first: bool
) -> None:
    ready = tmp_path / "daemon"
    managed = make([sys.executable, "-c", DAEMON, str(ready)], stop_s=30.0)
    leader = managed.start().pid
    async with asyncio.timeout(30):
        while not ready.exists():
            await asyncio.sleep(0.01)
    daemon = psutil.Process(int(ready.read_text()))
    assert os.getsid(daemon.pid) != leader
    if killed_first:
        os.kill(leader, signal.SIGKILL)
        await ended(managed)
        assert daemon.is_running()
    assert await managed.stop()
    psutil.wait_procs([daemon], timeout=30)
    assert not daemon.is_running() or daemon.status() == psutil.STATUS_ZOMBIE
    assert ("left when asked" in managed.log.read_text()) is not killed_first


async def test_what_outlives_a_killed_leader_is_ended_before_the_next_start(
    make: Make, tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    script = f"sleep 600 & echo $! > {ready}.new; mv {ready}.new {ready}; wait"
    managed = make(["sh", "-c", script])
    pid = managed.start().pid
    async with asyncio.timeout(30):
        while not ready.exists():
            await asyncio.sleep(0.01)
    orphan = psutil.Process(int(ready.read_text()))
    os.kill(pid, signal.SIGKILL)
    await ended(managed)
    assert orphan.is_running()
    assert await managed.stop()
    psutil.wait_procs([orphan], timeout=30)
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE


async def test_a_wait_cut_short_leaves_no_descriptor_watched(make: Make, tmp_path: Path) -> None:
    deaf = tmp_path / "deaf"
    script = f"trap '' TERM; touch {deaf}; while :; do sleep 600; done"
    managed = make(["sh", "-c", script], stop_s=60)
    managed.start()
    async with asyncio.timeout(30):
        while not deaf.exists():
            await asyncio.sleep(0.01)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are enough
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await managed.stop()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
    assert managed.running is not None


async def test_a_later_node_adopts_the_same_process_and_sees_it_die(make: Make) -> None:
    first = make()
    running = first.start()
    later = make()
    assert later.adopt()
    assert later.running == running
    os.kill(running.pid, signal.SIGKILL)
    await ended(later)
    await ended(first)
    assert not make().adopt()


async def test_what_is_adopted_while_it_starts_has_the_rest_of_its_time(make: Make) -> None:
    declared = {"health": {"tcp": f"127.0.0.1:{free_port()}", "failures": 1}, "start_s": 300}
    make(**declared).start()
    later = make(**declared)
    assert later.adopt()
    await later.judge()
    assert later.well
    assert later.starting


@pytest.mark.parametrize("folder", ["/tmp", _MEMORY])
async def test_of_what_a_service_writes_the_newest_is_kept(make: Make, folder: str) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as home:
        script = "i=0; while [ $i -lt 60000 ]; do echo line $i; i=$((i+1)); done; exec sleep 600"
        managed = make(["sh", "-c", script], log_mb=0.4)
        managed.log = Path(home) / "log"
        managed.start()
        async with asyncio.timeout(60):
            while managed.tail(1) != "line 59999":
                await managed.trim()
                await asyncio.sleep(0.01)
        await managed.trim()
        assert size_on_disk(managed.log) <= 400_000
        assert managed.tail(2) == "line 59998 | line 59999"
        await managed.stop()


async def test_what_cannot_be_recorded_is_not_started(make: Make, tmp_path: Path) -> None:
    service = make(["touch", str(tmp_path / "began")]).service
    seen: list[Running] = []

    def full(running: Running) -> None:
        seen.append(running)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        spawn(service, tmp_path / "log", 0, full)
    assert not psutil.pid_exists(seen[0].pid), "it was left as a zombie"
    assert not (tmp_path / "began").exists()


_KILLED = """
import os, sys
from pathlib import Path
from config.services import Service
from processors.executors.services.spawn import spawn

def killed(running):
    Path("pid").write_text(str(running.pid))
    os.kill(os.getpid(), 9)

spawn(Service(name="web", command=["touch", "began"]), Path("log"), 0, killed)
"""


def test_nothing_runs_unrecorded_where_the_node_is_killed_meanwhile(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[4])
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED], cwd=tmp_path, env={"PYTHONPATH": root}, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(int((tmp_path / "pid").read_text())).wait(30)
    assert not (tmp_path / "began").exists()


async def test_a_reused_number_is_never_adopted(make: Make, tmp_path: Path) -> None:
    first = make()
    running = first.start()
    text = (tmp_path / "ledger" / "web.json").read_text()
    older = text.replace(str(running.create_time), str(running.create_time - 100))
    assert older != text
    (tmp_path / "ledger" / "web.json").write_text(older)
    assert not make().adopt()


async def test_a_stop_on_purpose_is_remembered_until_the_next_start(make: Make) -> None:
    managed = make()
    managed.intend(stopped=True)
    assert make().stopped_on_purpose
    managed.start()
    assert not make().stopped_on_purpose


async def test_a_process_that_lives_but_does_not_answer_is_not_well(make: Make) -> None:
    health = {"tcp": "127.0.0.1:1", "failures": 2, "timeout_s": 0.5}
    managed = make(health=health, start_s=0.01)
    managed.start()
    await asyncio.sleep(0.02)  # its time to start, after which verdicts count
    await managed.judge()
    assert managed.well
    await managed.judge()
    assert not managed.well
    assert managed.running is not None


async def test_services_are_stopped_side_by_side(make: Make, tmp_path: Path) -> None:
    async def start(name: str, other: str) -> None:
        script = (
            f"trap 'touch {name}.told; until [ -e {other}.told ]; do sleep 0.01; done;"
            f" touch {name}.done; exit' TERM; touch {name}.up; while :; do sleep 0.01; done"
        )
        made.append(make(["sh", "-c", script], name=name, stop_s=60, directory=str(tmp_path)))
        made[-1].start()
        while not (tmp_path / f"{name}.up").exists():
            await asyncio.sleep(0.01)

    made: list[ManagedService] = []
    await start("one", "two")
    await start("two", "one")
    await stop_all(made)
    assert (tmp_path / "one.done").exists()
    assert (tmp_path / "two.done").exists()


async def test_a_service_is_stopped_once_those_that_need_it_are(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    async def stop(managed: ManagedService) -> None:
        seen.append(f"{managed.name} begins")
        for _ in range(5):  # turns in which another could begin
            await asyncio.sleep(0)
        seen.append(f"{managed.name} ends")

    monkeypatch.setattr(ManagedService, "stop", stop)
    await stop_all([make(name="db"), make(name="web", depends_on=["db"])])
    assert seen == ["web begins", "web ends", "db begins", "db ends"]


def test_each_is_stopped_before_what_it_depends_on(make: Make) -> None:
    chain = [
        make(name="web", depends_on=["api"]),
        make(name="db"),
        make(name="api", depends_on=["db"]),
    ]
    assert [managed.name for managed in stop_order(chain)] == ["web", "api", "db"]


async def test_a_service_that_is_adopted_reports_what_it_reported_before(make: Make) -> None:
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    health = {"http": f"http://127.0.0.1:{port}/"}
    before = make(command, health=health)
    before.start()
    assert (await before.until_well(30)).well
    adopted = make(command, health=health)
    assert adopted.adopt()
    await adopted.judge()
    told = service_metrics(adopted)
    assert told["port_conflict"] == 0.0
    assert told.keys() == service_metrics(before).keys()
