"""Probe of a WebSocket: does it open, and does it answer a ping.

The handshake is spoken through h11; of the protocol itself a probe needs one frame each way.

Source: RFC 6455, sections 1.3 (handshake), 5.2 (framing) and 5.5 (control frames).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import ssl
import time
from typing import Final
from urllib.parse import SplitResult, urlsplit

import h11

from streams.producers.service_probe import Verdict, in_words, verdict

_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x1, 0x2, 0x8, 0x9, 0xA
_SENT: Final = {"control": _PING, "text": _TEXT, "binary": _BINARY}
_PAYLOAD: Final = b"homeostat"
_MOST_BYTES: Final = 1 << 20


class NotWell(Exception):
    """The other side does not speak as it should; says how."""


async def probe_websocket(url: str, timeout_s: float, ping: str = "control") -> Verdict:
    """Return whether `url` opens as a WebSocket and answers within `timeout_s`.

    Parameters
    ----------
    ping : str
        ``control`` sends a ping frame and waits for its pong; ``text`` and ``binary`` send a
        message and wait for any message.
    """
    began = time.perf_counter()
    try:
        async with asyncio.timeout(timeout_s):
            detail = await _converse(urlsplit(url), _SENT[ping])
    except (OSError, TimeoutError, EOFError, h11.RemoteProtocolError, NotWell) as error:
        return verdict(False, began, f"{url}: {in_words(error)}")
    return verdict(True, began, f"{url} {detail}")


async def _converse(url: SplitResult, opcode: int) -> str:
    secure = url.scheme == "wss"
    context = ssl.create_default_context() if secure else None
    port = url.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(url.hostname, port, ssl=context)
    try:
        held = await _open(url, reader, writer)
        writer.write(_frame(opcode, _PAYLOAD))
        frames = _Frames(reader, held)
        while True:
            found, payload = await frames.next()
            if found == _CLOSE:
                raise NotWell("it closes instead of answering")
            if opcode == _PING and found == _PONG and payload == _PAYLOAD:
                return "answers a ping"
            if opcode != _PING and found in (_TEXT, _BINARY):
                return "answers a message"
            if found == _PING:
                writer.write(_frame(_PONG, payload))
    finally:
        writer.close()


async def _open(
    url: SplitResult, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bytes:
    """Shake hands; return what was received beyond the answer."""
    key = base64.b64encode(os.urandom(16)).decode("ascii")
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    headers = [
        ("Host", url.netloc), ("Upgrade", "websocket"), ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", key), ("Sec-WebSocket-Version", "13"),
    ]  # fmt: skip
    connection = h11.Connection(h11.CLIENT)
    request = h11.Request(method="GET", target=target, headers=headers)
    writer.write(connection.send(request) or b"")
    writer.write(connection.send(h11.EndOfMessage()) or b"")
    while (answer := connection.next_event()) is h11.NEED_DATA:
        connection.receive_data(await reader.read(65536))
    if not isinstance(answer, h11.InformationalResponse) or answer.status_code != 101:
        raise NotWell(f"answers {getattr(answer, 'status_code', 'nothing')} instead of opening")
    accepted = dict(answer.headers).get(b"sec-websocket-accept", b"").decode("latin-1")
    digest = hashlib.sha1(f"{key}{_GUID}".encode(), usedforsecurity=False).digest()
    if accepted != base64.b64encode(digest).decode("ascii"):
        raise NotWell("its Sec-WebSocket-Accept is wrong: it is no WebSocket")
    return connection.trailing_data[0]


def _frame(opcode: int, payload: bytes) -> bytes:
    """Return a short, masked, final frame."""
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return bytes((0x80 | opcode, 0x80 | len(payload))) + mask + masked


class _Frames:
    """Reads frames; a server's are not masked."""

    def __init__(self, reader: asyncio.StreamReader, held: bytes) -> None:
        self._reader = reader
        self._held = held

    async def next(self) -> tuple[int, bytes]:
        first, second = await self._exactly(2)
        length = second & 0x7F
        if second & 0x80:
            raise NotWell("it masks its frames, which only clients do")
        if length >= 126:
            length = int.from_bytes(await self._exactly(2 if length == 126 else 8), "big")
        if length > _MOST_BYTES:
            raise NotWell(f"it sends a frame of {length} bytes")
        return first & 0x0F, await self._exactly(length)

    async def _exactly(self, count: int) -> bytes:
        taken, self._held = self._held[:count], self._held[count:]
        if len(taken) < count:
            taken += await self._reader.readexactly(count - len(taken))
        return taken
