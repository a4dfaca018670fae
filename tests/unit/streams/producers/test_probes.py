"""Each probe against a real counterpart: well, not well, and silent."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http.server
import stat
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from streams.producers.service_probe import probe_http, probe_tcp
from streams.producers.unit_probe import probe_unit
from streams.producers.websocket_probe import probe_websocket
from tests.ports import free_port

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(talk: Talk) -> AsyncIterator[int]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def shake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    lines = dict(line.lower().split(": ", 1) for line in head.splitlines() if ": " in line)
    keys = [
        line.split(": ", 1)[1]
        for line in head.splitlines()
        if line.lower().startswith("sec-websocket-key")
    ]
    assert lines["upgrade"] == "websocket"
    digest = hashlib.sha1(f"{keys[0]}{GUID}".encode(), usedforsecurity=False).digest()
    accept = base64.b64encode(digest).decode()
    answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    writer.write(f"{answer}Sec-WebSocket-Accept: {accept}\r\n\r\n".encode())


async def frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first, second = await reader.readexactly(2)
    assert second & 0x80, "a client masks its frames"
    mask = await reader.readexactly(4)
    payload = await reader.readexactly(second & 0x7F)
    return first & 0x0F, bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer pings with pongs and messages with themselves, after a greeting and a ping."""
    await shake(reader, writer)
    writer.write(b"\x89\x02hi")  # a ping of its own
    while True:
        opcode, payload = await frame(reader)
        answer = 0xA if opcode == 0x9 else opcode
        if opcode != 0xA:
            writer.write(bytes((0x80 | answer, len(payload))) + payload)


@pytest.mark.parametrize("ping", ["control", "text", "binary"])
async def test_a_websocket_that_answers_is_well(ping: str) -> None:
    async with serving(echo) as port:
        found = await probe_websocket(f"ws://127.0.0.1:{port}/live?x=1", 5, ping)
    assert found.well, found.detail
    assert found.latency_ms > 0


async def test_a_websocket_that_stays_silent_is_not_well() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake(reader, writer)
        await reader.read()

    async with serving(silent) as port:
        found = await probe_websocket(f"ws://127.0.0.1:{port}/", 0.3)
    assert (found.well, "no answer in time" in found.detail) == (False, True)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "answers 200"),
        (b"HTTP/1.1 101 X\r\nSec-WebSocket-Accept: no\r\n\r\n", "no WebSocket"),
        (b"", "127.0.0.1"),
        (b"\x00\x01\x02\r\n\r\n", ""),
    ],
)
async def test_what_is_no_websocket_is_told(answer: bytes, told: str) -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    async with serving(other) as port:
        found = await probe_websocket(f"ws://127.0.0.1:{port}/", 5)
    assert not found.well
    assert told in found.detail


async def test_a_websocket_that_closes_is_told() -> None:
    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake(reader, writer)
        await frame(reader)
        writer.write(b"\x88\x00")

    async with serving(closing) as port:
        found = await probe_websocket(f"ws://127.0.0.1:{port}/", 5)
    assert "closes instead of answering" in found.detail


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    def do_GET(self) -> None:
        self.send_response(int(self.path[1:]))
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def web() -> Iterator[str]:
    """Serve pages of every status."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("path", "status", "body", "well"),
    [
        ("/200", None, None, True), ("/204", None, None, True), ("/301", None, None, True),
        ("/404", None, None, False), ("/503", 503, None, True), ("/200", 204, None, False),
        ("/200", None, "ell", True), ("/200", None, "bye", False),
    ],
)  # fmt: skip
async def test_a_page_is_judged_by_status_and_body(
    web: str, path: str, status: int | None, body: str | None, well: bool
) -> None:
    if path == "/204":
        body = None
    found = await probe_http(web + path, 5, status=status, body=body)
    assert found.well is well, found.detail


async def test_a_page_that_hangs_or_is_away_is_told() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(hang) as port:
        found = await probe_http(f"http://127.0.0.1:{port}/", 0.3)
    assert "no answer in time" in found.detail
    assert not (await probe_http(f"http://127.0.0.1:{free_port()}/", 1)).well


async def test_a_port_is_well_while_something_listens() -> None:
    async with serving(echo) as port:
        assert (await probe_tcp(f"127.0.0.1:{port}", 5)).well
    assert not (await probe_tcp(f"127.0.0.1:{port}", 5)).well


UNITS = """#!/bin/sh
case "$4" in
  web.service) printf 'LoadState=loaded\\nActiveState=active\\nSubState=running\\nMainPID=7\\n' ;;
  old.service) printf 'LoadState=loaded\\nActiveState=failed\\nSubState=failed\\nMainPID=0\\n' ;;
  slow.service) sleep 30 ;;
  bad.service) echo 'Failed to connect to bus' >&2; exit 1 ;;
  *) printf 'LoadState=not-found\\nActiveState=inactive\\nSubState=dead\\nMainPID=0\\n' ;;
esac
"""


@pytest.mark.parametrize(
    ("unit", "well", "told"),
    [
        ("web.service", True, "active (running)"),
        ("old.service", False, "failed (failed)"),
        ("slow.service", False, "no answer in time"),
        ("bad.service", False, "Failed to connect to bus"),
        ("none.service", False, "not known"),
    ],
)
async def test_a_unit_is_judged_by_what_systemctl_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unit: str, well: bool, told: str
) -> None:
    # The answers are those of systemctl 252; few machines that run tests have systemd as init.
    program = tmp_path / "systemctl"
    program.write_text(UNITS, encoding="ascii")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = await probe_unit(unit, 1.0 if unit == "slow.service" else 60.0)
    assert (found.well, told in found.detail) == (well, True), found.detail


async def test_a_machine_without_systemd_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = await probe_unit("web.service", 1.0)
    assert not found.well
    assert "no systemctl" in found.detail
