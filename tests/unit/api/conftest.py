"""The API as it runs: its own server on a port of its own, over views that hold real facts."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

import httpx
import pytest
import yaml

from api.server import run_api
from config.settings import Settings
from projections.views import Views
from streams.kafka.connection import Connection
from tests.databases import new_database
from tests.integration.log_of_facts import (
    PARTITIONS,
    SIGNER,
    T0,
    FakeLog,
    facts_only,
    finished,
    granted,
    proposed,
    raised,
    registered,
    sealed,
    windows,
)
from tests.ports import free_port

TOKENS = {
    "viewer": {"tenant": "default", "role": "viewer"},
    "operator": {"tenant": "default", "role": "operator"},
    "approver": {"tenant": "default", "role": "approver"},
    "owner": {"tenant": "default", "role": "admin"},
    "stranger": {"tenant": "elsewhere", "role": "admin"},
    "former": {"tenant": "*", "role": "admin", "expires": "2020-01-01T00:00:00Z"},
}
AGENTS = 7


@dataclass
class RunningApi:
    """A server, and the views that it reads."""

    base: str
    settings: Settings
    log: FakeLog
    views: Views
    stop: Callable[[], None]

    def client(self, who: str | None = None) -> httpx.Client:
        """Return a client; without a name, of the installation's first token."""
        token = self.settings.token() if who is None else f"token of {who}"
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.base, headers=headers, timeout=60)

    def happen(self, offset: int, count: int = 1) -> None:
        """Let `count` findings be raised at inbox offsets from `offset` on."""
        facts = [(offset + i, raised("web-0", f"late-{offset + i}", T0 + 60)) for i in range(count)]
        self.views.write(self.log.records(sealed("surveillance", "telemetry", 0, facts)))


def write_tokens(home: Path) -> None:
    """Write ``tokens.yaml`` with everybody of `TOKENS`."""
    entries = [
        {"name": name, "sha256": hashlib.sha256(f"token of {name}".encode()).hexdigest(), **rest}
        for name, rest in TOKENS.items()
    ]
    (home / "tokens.yaml").write_text(yaml.safe_dump(entries))


def _past(log: FakeLog) -> list:
    seen = [(i, registered(f"web-{i}", cpu_usage=10.0 + i)) for i in range(AGENTS)]
    found = (AGENTS, raised("web-0", "finding-1", T0 + 1))
    closed = (AGENTS + 1, windows(["web-0"], T0, 40.0))
    done = [
        (0, proposed("web-0", "action-1", "finding-1", T0 + 1.1)),
        (1, granted("web-0", "action-1", "finding-1", T0 + 1.2)),
        (2, finished("web-0", "action-1", "finding-1", T0 + 1.5)),
    ]
    return facts_only(
        log.records(sealed("surveillance", "telemetry", 0, [*seen, found, closed]))
        + log.records(sealed("decision", "decisions", 0, done))
    )


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    """Run an API with a past, and without a broker."""
    home = tmp_path_factory.mktemp("home")
    settings = Settings(home=home, api_port=0, api_hosts=["homeostat.example"])
    write_tokens(home)
    engine = new_database(home / "homeostat.db")
    log = FakeLog()
    views = Views(engine, SIGNER, PARTITIONS, "a test")
    views.write(_past(log))
    ports: Queue[int] = Queue()
    stop = asyncio.Event()
    loop = asyncio.new_event_loop()
    nobody = Connection(f"127.0.0.1:{free_port()}")

    def serve() -> None:
        loop.run_until_complete(run_api(settings, nobody, SIGNER, stop, listening=ports.put))

    thread = threading.Thread(target=serve)
    thread.start()

    def end() -> None:
        loop.call_soon_threadsafe(stop.set)

    try:
        yield RunningApi(f"http://127.0.0.1:{ports.get(timeout=180)}", settings, log, views, end)
    finally:
        end()
        thread.join()
        loop.close()
        engine.dispose()
