"""Services that keep failing and ports held by strangers."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.harness import PATIENCE_S, Installation


class Declared(Installation):
    """An installation with services that note each start and end: at once, or a moment later."""

    def starts(self, name: str) -> int:
        """Return how often a service was started."""
        noted = self.home / name
        return len(noted.read_text().splitlines()) if noted.exists() else 0

    def _configuration(self) -> dict[str, Any]:
        plain = super()._configuration()
        failing = [self._failing("doomed", "exit 3"), self._failing("brief", "sleep 0.4; exit 4")]
        return plain | {"services": [*plain["services"], *failing]}

    def _failing(self, name: str, then: str) -> dict[str, Any]:
        return {
            "name": name,
            "command": ["sh", "-c", f"echo started >> {self.home / name}; {then}"],
            "health": {"process": True, "interval_s": 0.5},
        }

    def approve(self, action_id: str) -> None:
        """Approve a waiting action as the holder of the first token."""
        token = (self.home / "token").read_text(encoding="ascii").strip()
        httpx.post(
            f"http://127.0.0.1:{self.api_port}/api/v1/actions/{action_id}/approve",
            json={"reason": "the port is ours"},
            headers={"Authorization": f"Bearer {token}"},
            timeout=PATIENCE_S,
        ).raise_for_status()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Declared]:
    """Give an installation that the test starts itself."""
    installation = Declared(tmp_path / "home")
    try:
        yield installation
    finally:
        installation.stop()


@pytest.fixture
def stranger(own: Declared) -> Iterator[subprocess.Popen[bytes]]:
    """Hold the port of ``web`` before it starts, by a process that is not ours."""
    script = (
        "import socket, sys, time\n"
        "held = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "print('held', flush=True)\n"
        "time.sleep(600)\n"
    )
    command = [sys.executable, "-c", script, str(own.service_port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"held\n"
            yield process
        finally:
            process.kill()


def open_finding(own: Declared, kind: str, agent: str) -> dict[str, Any] | None:
    """Return the newest finding of `kind` about `agent`, if there is one."""
    found = [
        each
        for each in own.get("/findings")["items"]
        if each["kind"] == kind and each["agent_id"] == agent
    ]
    return found[0] if found else None


@pytest.mark.parametrize(("name", "status"), [("doomed", 3), ("brief", 4)])
def test_a_service_that_cannot_live_is_told_and_not_stormed(
    own: Declared, name: str, status: int
) -> None:
    began = time.monotonic()
    own.start()
    finding = own.wait_for(lambda: open_finding(own, "crash_loop", name), "crash_loop")
    assert f"ended with status {status}" in finding["summary"]
    # The first restart comes at once, then pauses of 2, 4, 8 s and more: any faster is a storm.
    starts = own.starts(name)
    assert starts >= 3
    assert 2 ** (starts - 1) - 2 <= time.monotonic() - began


def test_a_port_held_by_a_stranger_is_freed_once_a_person_agrees(
    own: Declared, stranger: subprocess.Popen[bytes]
) -> None:
    own.start()

    def waiting() -> dict[str, Any] | None:
        actions = own.get("/actions")["items"]
        found = [each for each in actions if each["action"] == "service.free_port"]
        return next((each for each in found if each["state"] == "awaiting"), None)

    action = own.wait_for(waiting, "service.free_port waiting for a person")
    assert stranger.poll() is None, "it was ended before anybody agreed"
    own.approve(action["action_id"])
    own.wait_for(own.service_pid, "the service on its port")
    assert stranger.wait(PATIENCE_S) == -signal.SIGTERM
