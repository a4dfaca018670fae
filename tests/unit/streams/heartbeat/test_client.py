"""The client towards its host: nothing it is given makes it raise, block or weigh."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from streams.producers.heartbeat import AsyncHeartbeatClient, HeartbeatClient

NOBODY = "http://127.0.0.1:9"


class Receiver(ThreadingHTTPServer):
    """Takes heartbeats as the API does; `answer` is the status that it gives."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = 202
        self.bodies: list[dict] = []
        self.tokens: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def sequences(self) -> list[int]:
        return [beat["sequence"] for body in self.bodies for beat in body["heartbeats"]]


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = self.server.answer
        self.server.tokens.add(self.headers["Authorization"])
        if answer < 300:
            self.server.bodies.append(body)
        self.send_response(answer)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Stay silent."""


@pytest.fixture
def receiver():
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_heartbeats_arrive_in_order_with_time_and_sequence(receiver: Receiver) -> None:
    with HeartbeatClient("w", api=receiver.url, token="t", labels={"host": "a"}) as client:
        for n in range(1200):
            assert client.send({"n": n}, status="busy", labels={"x": "y"})
        assert client.flush(60)
    assert receiver.sequences() == list(range(1200))
    beat = receiver.bodies[0]["heartbeats"][0]
    assert beat["at"] > 1.7e9
    assert beat["labels"] == {"host": "a", "x": "y"}
    assert receiver.tokens == {"Bearer t"}


async def test_the_asynchronous_client_does_the_same(receiver: Receiver) -> None:
    async with AsyncHeartbeatClient("w", api=receiver.url, token="t") as client:
        assert client.send({"n": 1})
        assert await client.flush(60)
        assert client.counters.sent == 1
    assert receiver.sequences() == [0]


@pytest.mark.parametrize(
    "metrics",
    [{"cpu": float("nan")}, {"bad name": 1}, {"x": None}, {"x": "1"}, None, 7, {1: 2}],
)
def test_bad_measurements_are_counted_and_raise_nothing(receiver: Receiver, metrics) -> None:
    with HeartbeatClient("w", api=receiver.url, token="t") as client:
        assert not client.send(metrics)
        assert client.counters.invalid == 1
        assert client.send({"good": 1})
        assert client.flush(60)
    assert receiver.sequences() == [0]


def test_a_passing_refusal_is_tried_again(receiver: Receiver) -> None:
    receiver.answer = 503
    with HeartbeatClient("w", api=receiver.url, token="t") as client:
        client.send({"n": 1})
        while not receiver.tokens:  # none yet that was refused
            assert not client.flush(0.3)
        receiver.answer = 202
        assert client.flush(60)
        assert client.counters.retries >= 1
    assert receiver.sequences() == [0]


def test_a_final_refusal_is_counted_and_not_repeated(receiver: Receiver) -> None:
    receiver.answer = 422
    with HeartbeatClient("w", api=receiver.url, token="t") as client:
        client.send({"n": 1})
        assert client.flush(60)
        assert client.counters.refused == 1


def test_what_is_left_waits_in_a_file_for_the_next_run(receiver: Receiver, tmp_path: Path) -> None:
    spill = tmp_path / "heartbeats"
    with HeartbeatClient("w", api=NOBODY, token="t", spill=spill) as client:
        client.send({"n": 1})
        assert not client.close(0.1)
    with HeartbeatClient("w", api=receiver.url, token="t", spill=spill) as client:
        assert client.flush(60)
    assert receiver.sequences() == [0]
    assert not spill.exists()


def test_every_goes_on_after_a_failure_of_the_host_s_function(receiver: Receiver) -> None:
    calls = 0
    third = threading.Event()

    def gather() -> dict[str, float]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ZeroDivisionError
        if calls == 3:
            third.set()
        return {"calls": calls}

    with HeartbeatClient("w", api=receiver.url, token="t") as client:
        client.every(0.01, gather)
        assert third.wait(10)
        assert client.counters.gather_failures == 1


def test_a_closed_client_takes_nothing(receiver: Receiver) -> None:
    client = HeartbeatClient("w", api=receiver.url, token="t")
    assert client.close()
    assert client.close()
    assert not client.send({"n": 1})


@pytest.mark.parametrize(
    "where", [{}, {"kafka": "a:1", "api": "http://b"}, {"api": "http://b"}, {"api": "file:///x"}]
)
def test_where_to_send_must_be_said(where: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"give|token"):
        HeartbeatClient("w", **where, token=None if where == {"api": "http://b"} else "t")


def test_it_imports_nothing_heavy() -> None:
    code = (
        "import sys, streams.producers.heartbeat;"
        "heavy = {'aiokafka', 'numpy', 'pydantic', 'sqlalchemy', 'fastapi', 'httpx', 'yaml'};"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
