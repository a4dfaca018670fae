"""While the views cannot be read, `status` still says how the parts are."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest
from typer.testing import CliRunner

from api.cli.commands import app
from api.server import run_api
from config.settings import Settings
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from tests.ports import free_port


@pytest.fixture
def without_views(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run an API that has neither a broker nor a database, for the commands to ask."""
    settings = Settings(home=tmp_path, api_port=0)
    ports: Queue[int] = Queue()
    stop, loop = asyncio.Event(), asyncio.new_event_loop()
    nobody = Connection(f"127.0.0.1:{free_port()}")
    signer = Signer(settings.secret())

    def serve() -> None:
        loop.run_until_complete(run_api(settings, nobody, signer, stop, listening=ports.put))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        monkeypatch.setenv("HOMEOSTAT_HOME", str(tmp_path))
        monkeypatch.setenv("HOMEOSTAT_API_PORT", str(ports.get(timeout=180)))
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.mark.usefixtures("without_views")
def test_the_parts_are_told_alone() -> None:
    told = CliRunner().invoke(app, ["status"])
    assert told.exit_code == 1, told.output
    assert "the views cannot be read now" in told.output
    assert "does not answer" in told.output
    plain = json.loads(CliRunner().invoke(app, ["status", "--json"]).output)
    assert plain["well"] is False
    assert plain["system"]["components"]["database"]["status"] == "starting"
