"""The services of docker-compose.yml as plain processes, with the same commands and settings."""

from __future__ import annotations

import os
import re
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
from tests.architecture.test_compose import OURS, ROOT, SERVICES
from tests.end_to_end.harness import PATIENCE_S
from tests.integration.conftest import postgres, postgres_url
from tests.ports import free_port

__all__ = ["postgres", "postgres_url"]

SCRAPE = "a-token-of-prometheus"


class Composed:
    """Runs services of ours, each in a place of its own, against one broker and one database."""

    def __init__(self, folder: Path, kafka: str, database: str) -> None:
        self._folder = folder
        self.port = free_port()
        secret = folder / "postgres"
        secret.write_text("a-password", encoding="ascii")
        token = folder / "scrape"
        token.write_text(SCRAPE, encoding="ascii")
        self._here = {
            "HOMEOSTAT_SCRAPE_TOKEN_FILE": str(token),
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
            timeout=PATIENCE_S,
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

    def scraped(self) -> httpx.Response:
        """Return what Prometheus gets with its own token."""
        headers = {"Authorization": f"Bearer {SCRAPE}", "Host": "api:8000"}
        return httpx.get(f"http://127.0.0.1:{self.port}/metrics", headers=headers)

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
                statuses[name] = process.wait(PATIENCE_S)
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


def test_secrets_are_made_once_each_another_and_readable(tmp_path: Path) -> None:
    script = (
        SERVICES["secrets"]["command"][-1].replace("$$", "$").replace("10001", str(os.getuid()))
    )
    for place in ("run/homeostat", "run/observing", "var/lib/homeostat"):
        (tmp_path / place).mkdir(parents=True)
        script = script.replace(f"/{place}", str(tmp_path / place))
    (tmp_path / "run/homeostat/postgres").write_text("one of my own")
    seen = []
    for _ in range(2):
        subprocess.run(["sh", "-ec", script], check=True)
        files = sorted(path for path in (tmp_path / "run").rglob("*") if path.is_file())
        assert {path.stat().st_mode & 0o777 for path in files} == {0o444}
        seen.append({path.name: path.read_text().strip() for path in files})
    assert seen[0] == seen[1]
    assert seen[0].keys() == {"postgres", "scrape", "grafana"}
    assert seen[0]["postgres"] == "one of my own"
    assert len(set(seen[0].values())) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{32}", seen[0][name]) for name in ("scrape", "grafana"))


async def test_every_service_runs_and_its_health_check_means_progress(composed: Composed) -> None:
    assert composed.looked_at("api").returncode == 1
    composed.start("prepare")
    assert composed.finish("prepare") == 0
    for service in ordered():
        composed.start(service)
    for service in ordered():
        composed.becomes_healthy(service)
    assert "Homeostat" in composed.page()
    assert 'homeostat_partition_lag_records{topic="telemetry"' in composed.scraped().text
    composed.kill("api")
    assert composed.looked_at("worker").returncode == 1
