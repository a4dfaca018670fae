"""Commands seen through to their outcome, on a real service, with the journal on disk."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from config.configuration import Configuration
from config.services import Service
from processors.executors.actions.registry import Registry
from processors.executors.actions.services import Restart
from processors.executors.claims import Claims
from processors.executors.dispatch import Dispatcher
from processors.executors.executor import NotPossible, Result
from processors.executors.services.ledger import Ledger
from processors.executors.services.managed import ManagedService
from processors.executors.telemetry import conflict
from streams.contracts.envelope import Event, decode_event
from streams.contracts.events.action import Command
from streams.contracts.record import Outgoing
from streams.contracts.trust import Signer
from tests.ports import free_port

SIGNER = Signer(b"a secret of a test")


class Hands:
    """A dispatcher of host ``here`` with one declared service, ``web``; keeps what it reports."""

    def __init__(self, home: Path, web: dict[str, Any] | None = None, **others: Any) -> None:
        service = {"name": "web", "command": ["sleep", "600"], "stop_s": 1} | (web or {})
        configuration = Configuration.model_validate(
            {"host": "here", "services": [service], **others}
        )
        declared = configuration.services[0]
        self.web = ManagedService(declared, Ledger(home / "ledger"), home / "log", lambda _: None)
        self.claims = Claims(home / "claims.jsonl")
        self.switch = home / "KILL_SWITCH"
        self.reports: list[Event] = []
        registry = Registry(configuration, {"web": self.web}, home)
        self.dispatcher = Dispatcher("here", registry, self.claims, self._keep, SIGNER, self.switch)

    async def _keep(self, records: list[Outgoing]) -> None:
        fresh = {event.id: event for event in (decode_event(r.value) for r in records)}
        self.reports += fresh.values()

    async def do(self, command: Event) -> dict[str, Any]:
        """Take a command, see it through, and return what it finished with."""
        self.dispatcher.take(command)
        await self.dispatcher.carry_out(command)
        assert self.reports[-1].type == "action.finished"
        return self.reports[-1].data


@pytest.fixture
async def hands(tmp_path: Path) -> AsyncIterator[Hands]:
    """Give hands that leave nothing running."""
    made = Hands(tmp_path)
    yield made
    await made.web.stop()
    made.claims.close()


def command(action: str = "service.restart", **changes: Any) -> Event:
    """Return a command for ``default/web``."""
    action_id = str(uuid.uuid4())
    plain = Command(action_id, action, "default/web", "here", {}, 10, time.time() + 60, False, 1)
    return Event(
        id=action_id,
        source="/steps/governor",
        type=action,
        subject="default/web",
        time="2026-01-01T00:00:00Z",
        tenant="default",
        data=msgspec.to_builtins(msgspec.structs.replace(plain, **changes)),
        dataschema="command/1",
    )


async def test_a_restart_is_claimed_verified_and_finished(hands: Hands) -> None:
    finished = await hands.do(command())
    assert [event.type for event in hands.reports] == [
        "action.claimed", "action.verified", "action.finished"
    ]  # fmt: skip
    assert (finished["outcome"], finished["verified"]) == ("succeeded", True)
    assert hands.web.running is not None
    assert finished["evidence"]["pid"] == hands.web.running.pid
    assert hands.claims.unfinished() == []


async def test_a_dry_run_says_what_it_would_do_and_does_nothing(hands: Hands) -> None:
    finished = await hands.do(command(dry_run=True))
    assert finished["outcome"] == "simulated"
    assert finished["evidence"] == {"preview": "start sleep 600"}
    assert hands.web.running is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"expires_at": 1.0}, "expired"),
        ({"target": "default/other"}, "unknown_target"),
        ({"target": "stranger/web"}, "unknown_target"),
        ({"action": "host.format_disk"}, "unknown_action"),
        ({"action": "service.free_port"}, "not_needed"),
        ({"action": "service.stop"}, "not_needed"),
    ],
)
async def test_what_must_not_be_done_is_refused_with_its_reason(
    hands: Hands, changes: dict[str, Any], reason: str
) -> None:
    finished = await hands.do(command(**changes))
    assert (finished["outcome"], finished["evidence"]["reason"]) == ("refused", reason)
    assert hands.web.running is None


async def test_a_command_is_refused_as_soon_as_it_is_too_old(hands: Hands) -> None:
    finished = await hands.do(command(expires_at=time.time() - 0.01))
    assert (finished["outcome"], finished["evidence"]["reason"]) == ("refused", "expired")
    assert hands.web.running is None


async def test_the_kill_switch_stops_an_effect(hands: Hands) -> None:
    hands.switch.touch()
    finished = await hands.do(command())
    assert (finished["outcome"], finished["evidence"]["reason"]) == ("refused", "kill_switch")
    assert hands.web.running is None


async def test_what_is_well_is_left_alone_unless_a_person_asks(hands: Hands) -> None:
    pid = hands.web.start().pid
    await hands.web.until_well(60)
    assert (await hands.do(command()))["evidence"]["reason"] == "not_needed"
    assert hands.web.running is not None
    assert hands.web.running.pid == pid
    assert (await hands.do(command(requested_by="ann")))["outcome"] == "succeeded"
    assert hands.web.running.pid != pid


async def test_what_is_starting_is_left_to_start_unless_a_person_asks(tmp_path: Path) -> None:
    slow = {"health": {"tcp": f"127.0.0.1:{free_port()}"}, "start_s": 300}
    hands = Hands(tmp_path, slow)
    pid = hands.web.start().pid
    assert (await hands.do(command()))["evidence"]["reason"] == "starting"
    assert hands.web.running is not None
    assert hands.web.running.pid == pid
    await hands.do(command(requested_by="ann", timeout_s=0.5))
    assert hands.web.running.pid != pid
    await hands.web.stop()
    hands.claims.close()


async def test_what_it_depends_on_is_started_first_also_where_it_died_meanwhile(
    hands: Hands, tmp_path: Path
) -> None:
    database = ManagedService(
        Service(name="db", command=["sleep", "600"]),
        Ledger(tmp_path / "ledger"),
        tmp_path / "db.log",
        lambda _: None,
    )
    restart = Restart(msgspec.convert(command().data, Command), hands.web, needs=[database])
    with pytest.raises(NotPossible, match="dependency_down: web needs db"):
        await restart.preview()
    database.start()
    assert await restart.preview() == "start sleep 600"
    await database.stop()


async def test_a_service_stopped_by_a_person_stays_so_until_it_is_started(hands: Hands) -> None:
    hands.web.start()
    assert (await hands.do(command("service.stop")))["outcome"] == "succeeded"
    assert hands.web.running is None
    assert hands.web.stopped_on_purpose
    assert (await hands.do(command("service.start")))["outcome"] == "succeeded"
    assert not hands.web.stopped_on_purpose


async def test_what_was_under_way_at_a_crash_is_unknown_and_not_repeated(
    hands: Hands, tmp_path: Path
) -> None:
    cut = command()
    hands.dispatcher.take(cut)
    hands.claims.close()
    with (tmp_path / "claims.jsonl").open("ab") as journal:
        journal.write(b'["torn')
    later = Hands(tmp_path)
    assert not later.dispatcher.concerns(cut)
    await later.dispatcher.settle()
    finished = later.reports[-1].data
    assert (finished["outcome"], finished["verified"]) == ("unknown", False)
    assert later.web.running is None
    assert later.claims.unfinished() == []
    later.claims.close()


async def test_a_service_that_ends_at_once_was_not_started(hands: Hands) -> None:
    hands.web.service = hands.web.service.model_copy(update={"command": ["sh", "-c", "exit 3"]})
    finished = await hands.do(command())
    assert (finished["outcome"], finished["verified"]) == ("failed", False)
    assert "ended with status 3" in finished["detail"]


async def test_a_command_for_another_host_is_not_ours(hands: Hands) -> None:
    assert hands.dispatcher.concerns(command())
    assert not hands.dispatcher.concerns(command(host="there"))


async def test_an_outcome_whose_evidence_cannot_be_told_is_told_without_it(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def with_a_path(self: Restart) -> Result:
        return Result(True, "well", {"seen": Path("/")})

    monkeypatch.setattr(Restart, "verify", with_a_path)
    finished = await hands.do(command())
    assert [event.type for event in hands.reports] == ["action.claimed", "action.finished"]
    assert (finished["outcome"], finished["verified"]) == ("unknown", False)
    assert "cannot be told" in finished["detail"]
    assert hands.claims.unfinished() == []


@pytest.fixture
def stranger() -> Iterator[tuple[psutil.Process, int]]:
    """Hold a port by a process that is not ours; give both."""
    script = (
        "import socket, time\n"
        "held = socket.create_server(('127.0.0.1', 0))\n"
        "print(held.getsockname()[1], flush=True)\n"
        "time.sleep(600)  # a precious stranger\n"
    )
    command_line = [sys.executable, "-c", script]
    with subprocess.Popen(command_line, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield psutil.Process(process.pid), int(process.stdout.readline())
        finally:
            process.kill()


def holding(port: int) -> dict[str, Any]:
    """Return what makes ``web`` a service that listens on `port`."""
    serve = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    return {"command": serve, "start_s": 30, "health": {"tcp": f"127.0.0.1:{port}"}}


async def test_freeing_a_port_names_and_ends_the_stranger(
    tmp_path: Path, stranger: tuple[psutil.Process, int]
) -> None:
    process, port = stranger
    hands = Hands(tmp_path, holding(port))
    metrics, labels = conflict(hands.web)
    assert metrics == {"port_conflict": 1.0}
    assert (labels["port"], labels["holder_pid"]) == (str(port), str(process.pid))
    assert labels["holder_command"].startswith(f"{sys.executable} -c import socket")
    try:
        finished = await hands.do(command("service.free_port", timeout_s=60))
        assert finished["outcome"] == "succeeded", finished["detail"]
        assert finished["evidence"]["ended_pid"] == process.pid
        assert "import socket" in finished["evidence"]["ended_command"]
        assert f"end process {process.pid} (" in finished["evidence"]["preview"]
    finally:
        await hands.web.stop()
        hands.claims.close()


async def test_a_protected_stranger_is_left_alone_by_the_node_itself(
    tmp_path: Path, stranger: tuple[psutil.Process, int]
) -> None:
    process, port = stranger
    hands = Hands(tmp_path, holding(port), protected=["a precious stranger"])
    finished = await hands.do(command("service.free_port", requested_by="ann"))
    hands.claims.close()
    assert (finished["outcome"], finished["evidence"]["reason"]) == ("refused", "protected")
    assert str(process.pid) in finished["detail"]
    assert process.status() != psutil.STATUS_ZOMBIE
    assert hands.web.running is None


@pytest.mark.parametrize(
    ("action", "told"),
    [("host.rotate_logs", "large.log"), ("host.clear_caches", "100 bytes are left")],
)
async def test_a_host_action_cut_short_by_a_crash_is_unknown_with_what_is_left(
    tmp_path: Path, action: str, told: str
) -> None:
    (tmp_path / "large.log").write_bytes(b"x" * 20_000)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "blob").write_bytes(b"x" * 100)
    rules = {
        "log_globs": [f"{tmp_path}/*.log"],
        "cache_directories": [str(tmp_path / "cache")],
        "rotate_above_mb": 0.01,
    }
    first = Hands(tmp_path, housekeeping=rules)
    first.dispatcher.take(command(action, target="default/here"))
    first.claims.close()
    later = Hands(tmp_path, housekeeping=rules)
    await later.dispatcher.settle()
    later.claims.close()
    assert [event.type for event in later.reports] == ["action.finished"]
    finished = later.reports[-1].data
    assert (finished["outcome"], finished["verified"]) == ("unknown", False)
    assert told in finished["detail"]
    assert (tmp_path / "cache" / "blob").exists(), "it was done again"
    assert later.claims.unfinished() == []
