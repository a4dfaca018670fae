"""The embedded broker: starts, keeps its data, recovers, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from streams.kafka.embedded_broker import BrokerError, EmbeddedBroker
from streams.kafka.errors import PortTaken
from streams.kafka.readiness import answers
from tests.ports import free_port


async def test_the_shared_broker_serves(broker: EmbeddedBroker) -> None:
    await answers(broker.bootstrap)


async def test_its_data_lies_in_its_home_whatever_that_is_called(broker: EmbeddedBroker) -> None:
    assert not broker.home.name.isascii()
    assert (broker.home / "data" / "meta.properties").exists()


async def test_it_listens_on_loopback_only(broker: EmbeddedBroker) -> None:
    listening = [
        found.laddr.ip
        for found in psutil.Process(broker.pid).net_connections("tcp")
        if found.status == psutil.CONN_LISTEN
    ]
    assert len(listening) == 2
    assert {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}


async def test_a_taken_port_is_named_with_its_holder_and_the_remedy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"port {port} is taken by process {os.getpid()}.*"):
            await EmbeddedBroker(tmp_path, port).start()


async def test_a_broker_in_use_is_not_taken_over(broker: EmbeddedBroker) -> None:
    again = EmbeddedBroker(broker.home, free_port())
    with pytest.raises(BrokerError, match=f"started by process {os.getpid()}"):
        await again.start()
    await answers(broker.bootstrap)


async def test_its_death_is_seen_and_it_starts_again(fresh_broker) -> None:
    own = await fresh_broker()
    first = own.pid
    os.kill(first, signal.SIGKILL)
    assert await own.wait() == -signal.SIGKILL
    await own.start()
    assert own.pid != first
    await answers(own.bootstrap)


_SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from streams.kafka.embedded_broker import EmbeddedBroker

async def main():
    broker = EmbeddedBroker(Path(sys.argv[1]), int(sys.argv[2]))
    await broker.start()
    print(broker.pid, flush=True)
    await broker.wait()

asyncio.run(main())
"""


async def test_it_dies_with_a_killed_supervisor_and_its_home_serves_again(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-c", _SUPERVISOR, str(tmp_path), str(port)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(  # noqa: ASYNC220
        command, cwd=root, stdout=subprocess.PIPE, text=True
    ) as supervisor:
        assert supervisor.stdout is not None
        orphan = psutil.Process(int(supervisor.stdout.readline()))
        supervisor.kill()
    again = EmbeddedBroker(tmp_path, port)
    try:
        psutil.wait_procs([orphan], timeout=30)
        assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE
        await again.start()
        await answers(again.bootstrap)
    finally:
        await again.stop()


async def test_a_broker_that_cannot_start_says_why(fresh_broker) -> None:
    own = await fresh_broker()
    await own.stop()
    (own.home / "data" / "meta.properties").write_text("version=1\nnode.id=7\ncluster.id=other\n")
    with pytest.raises(BrokerError, match=r"(?s)ended with status 1; .*Stored node id 7"):
        await own.start()
