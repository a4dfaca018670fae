"""The services of docker-compose.yml as plain processes, with the same commands and settings."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.ports import free_port
from tests.architecture.test_compose import OURS, ROOT
from tests.integration.conftest import postgres, postgres_url

__all__ = ["postgres", "postgres_url"]

PATIENCE_S = 90.0


class Composed:
    """Runs services of ours, each in a place of its own, against one broker and one database."""

    def __init__(self, folder: Path, kafka: str, database: str) -> None:
        self._folder = folder
        self.port = free_port()
        secret = folder / "postgres"
        secret.write_text("a-password", encoding="ascii")
        self._here = {
            "HOMEOSTAT_HOME": str(folder / "home"),
            "HOMEOSTAT_KAFKA": kafka,
            "HOMEOSTAT_DATABASE_URL": database,
            "HOMEOSTAT_DATABASE_PASSWORD_FILE": str(secret),
            "HOMEOSTAT_API": f"http://127.0.0.1:{self.port}",
            "HOMEOSTAT_API_HOST": "127.0.0.1",
            "HOMEOSTAT_API_PORT": str(self.port),
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def environment(self, service: str) -> dict[str, str]:
        """Return the service's own settings, with the places of this machine."""
        given: dict[str, Any] = OURS[service]["environment"]
        own = {name: self._here.get(name, str(value)) for name, value in given.items()}
        return os.environ | own

    def start(self, service: str) -> None:
        """Start a service with its command, as the image's entry point does."""
        log = (self._folder / f"{service}.log").open("ab")
        command = [Path(sys.executable).with_name("homeostat"), "role", *OURS[service]["command"]]
        with log:
            self._running[service] = subprocess.Popen(
                command, cwd=ROOT, env=self.environment(service), stdout=log, stderr=log
            )

    def finish(self, service: str) -> int:
        """Wait for a service that ends by itself; return its status."""
        return self._running.pop(service).wait(PATIENCE_S)

    def looked_at(self, service: str) -> subprocess.CompletedProcess[str]:
        """Run a service's health check once."""
        test = OURS[service]["healthcheck"]["test"]
        assert test[:2] == ["CMD", "python"]
        return subprocess.run(
            [sys.executable, *test[2:]],
            cwd=ROOT,
            env=self.environment(service),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def becomes_healthy(self, service: str) -> None:
        """Wait until its health check passes."""
        deadline = time.monotonic() + PATIENCE_S
        while (seen := self.looked_at(service)).returncode:
            text = seen.stdout + seen.stderr + (self._folder / f"{service}.log").read_text()
            assert time.monotonic() < deadline, f"{service} stays unhealthy: {text}"
            time.sleep(0.3)

    def page(self) -> str:
        """Return the page's document."""
        return httpx.get(f"http://127.0.0.1:{self.port}/").text

    def kill(self, service: str) -> None:
        """Kill a service outright."""
        self._running[service].kill()
        self._running.pop(service).wait()

    def stop(self) -> None:
        """End everything in order; each must leave by itself."""
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        statuses = {}
        for name, process in self._running.items():
            try:
                statuses[name] = process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                statuses[name] = process.wait()
        assert set(statuses.values()) <= {0}, statuses


@pytest.fixture
async def composed(
    fresh_broker: Callable[[], Awaitable[EmbeddedBroker]], postgres_url: str, tmp_path: Path
) -> AsyncIterator[Composed]:
    """Give services that leave nothing running."""
    broker = await fresh_broker()
    head, _, place = postgres_url.rpartition("@")
    user = head.removeprefix("postgresql://").partition("://")[2].partition(":")[0]
    made = Composed(tmp_path, broker.bootstrap, f"postgresql+psycopg://{user}@{place}")
    try:
        yield made
    finally:
        made.stop()


def ordered() -> Iterator[str]:
    yield from (name for name in ("projector", "api", "worker", "node"))


async def test_every_service_runs_and_its_health_check_means_progress(composed: Composed) -> None:
    assert composed.looked_at("api").returncode == 1
    composed.start("prepare")
    assert composed.finish("prepare") == 0
    for service in ordered():
        composed.start(service)
    for service in ordered():
        composed.becomes_healthy(service)
    assert "Homeostat" in composed.page()
    composed.kill("api")
    assert composed.looked_at("worker").returncode == 1
