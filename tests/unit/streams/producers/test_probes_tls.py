"""Probes over TLS: a certificate that is trusted, one that is not, one for another name."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from streams.producers.service_probe import Verdict, probe_http
from streams.producers.websocket_probe import probe_websocket
from tests.certificates import self_signed

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def certificate(folder: Path, name: str) -> Path:
    """Make a certificate of its own authority for `name`; return the file with its key."""
    made, key = self_signed(folder, name)
    made.write_bytes(made.read_bytes() + key.read_bytes())
    return made


@asynccontextmanager
async def serving(made: Path) -> AsyncIterator[int]:
    """Answer every request by ``hello``, with that certificate; give the port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made)
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def probed(made: Path, scheme: str = "https") -> Verdict:
    """Return the verdict on ``localhost`` where `made` is what it shows."""
    async with serving(made) as port:
        url = f"{scheme}://localhost:{port}/"
        return await (probe_http if scheme == "https" else probe_websocket)(url, 10)


async def test_a_trusted_certificate_is_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    found = await probed(made)
    assert found.well, found.detail


@pytest.mark.parametrize("scheme", ["https", "wss"])
async def test_a_certificate_that_nobody_vouches_for_is_told(tmp_path: Path, scheme: str) -> None:
    found = await probed(certificate(tmp_path, "localhost"), scheme)
    assert not found.well
    assert "certificate verify failed" in found.detail


@pytest.mark.parametrize("scheme", ["https", "wss"])
async def test_a_certificate_for_another_name_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    made = certificate(tmp_path, "elsewhere.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    found = await probed(made, scheme)
    assert not found.well
    assert "elsewhere.example" in found.detail or "Hostname mismatch" in found.detail
