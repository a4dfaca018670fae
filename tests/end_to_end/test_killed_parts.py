"""The node and `up` itself are killed: services live on, write on, and are adopted and healed."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.end_to_end.harness import Installation

_TALKER = (
    "import http.server, sys\n"
    "class Page(http.server.BaseHTTPRequestHandler):\n"
    "    def do_GET(self):\n"
    "        print('asked for', self.path, flush=True)\n"
    "        self.send_response(200); self.end_headers()\n"
    "    def log_message(self, *_): pass\n"
    "http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Page).serve_forever()\n"
)


class Talking(Installation):
    """An installation whose service says what it is asked for."""

    def _configuration(self) -> dict[str, Any]:
        plain = super()._configuration()
        web = plain["services"][0]
        script = self.home / "http.server.py"
        script.write_text(_TALKER, encoding="ascii")
        return plain | {
            "services": [web | {"command": [sys.executable, str(script), str(self.service_port)]}]
        }

    def service_pid(self) -> int | None:
        """Return the process that serves ``web``."""
        script = str(self.home / "http.server.py")
        found = psutil.process_iter(["cmdline"])
        return next((each.pid for each in found if script in (each.info["cmdline"] or ())), None)

    def output(self) -> str:
        """Return what the service has written."""
        return (self.home / "node" / "logs" / "web.log").read_text(encoding="utf-8")

    def ask(self, path: str) -> bool:
        """Ask the service for `path`; say whether it answered and its output shows it."""
        try:
            httpx.get(f"http://127.0.0.1:{self.service_port}{path}")
        except httpx.HTTPError:
            return False
        return f"asked for {path}\n" in self.output()

    def healed_after_kill(self) -> bool:
        """Kill the service; say whether another process serves in its place."""
        known, before = self.settled(), self.service_pid()
        assert before is not None
        os.kill(before, signal.SIGKILL)
        self.settled(known)
        assert self.service_pid() != before
        return self.wait_for(lambda: self.ask("/healed"), "answer of the service in its place")


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Talking]:
    """Run an installation that the test may break."""
    installation = Talking(tmp_path / "home")
    try:
        installation.start()
        installation.settled()
        installation.wait_for(lambda: installation.ask("/first"), "answer of the service")
        yield installation
    finally:
        installation.stop()


def test_a_service_outlives_its_node_and_is_adopted(own: Talking) -> None:
    service, node = own.service_pid(), own.pids("node")[0]
    os.kill(node, signal.SIGKILL)
    own.wait_for(lambda: own.pids("node") not in ([], [node]), "another node")
    own.wait_for(lambda: own.ask("/while-away"), "answer of the service")
    assert own.service_pid() == service
    assert own.healed_after_kill()


def test_a_service_outlives_the_whole_installation_and_is_adopted(own: Talking) -> None:
    service = own.service_pid()
    os.kill(own.pid, signal.SIGKILL)
    roles = ("worker", "projector", "api", "node", "broker")
    own.forget()
    own.wait_for(lambda: not any(own.pids(role) for role in roles), "end of every part")
    own.wait_for(lambda: own.ask("/alone"), "answer of the service")
    own.start()
    assert own.service_pid() == service
    assert own.healed_after_kill()
    assert psutil.pid_exists(own.pid)


def test_a_service_that_dies_while_the_broker_is_away_is_healed_when_it_is_back(
    own: Talking,
) -> None:
    known, broker = own.settled(), own.pids("broker")[0]
    os.kill(broker, signal.SIGSTOP)
    try:
        before = own.wait_for(own.service_pid, "service")
        os.kill(before, signal.SIGKILL)
        own.wait_for(lambda: own.service_pid() is None, "end of the service")
    finally:
        os.kill(broker, signal.SIGCONT)
    own.wait_for(lambda: own.ask("/back"), "service in its place")
    own.settled(known)
