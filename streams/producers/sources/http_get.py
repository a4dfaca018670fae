"""One GET by HTTP/1.1 through h11, with limits; a whole client would double a node's memory."""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import h11

from streams.producers.sources.access import NOBODY, Access
from streams.producers.sources.sensor import SourceAway

MOST_BYTES: Final = 16 << 20
"""Bytes of a body, unpacked."""
_GZIP: Final = 16 + zlib.MAX_WBITS
_REMEDIES: Final = {
    401: "it asks for credentials; set its token_file, or username and password_file",
    403: "who asks may not read it; look at the rights of its token or username",
    404: "look at the path in its url",
    429: "it is asked too often; set a longer interval_s",
}


class Answer(NamedTuple):
    """What a server answered with a status below 300."""

    media_type: str
    body: bytes


async def get(url: str, headers: Mapping[str, str], access: Access = NOBODY) -> Answer:
    """Return what `url` answers to who has `access`.

    Raises
    ------
    SourceAway
        If it answers another status than success, too much, or no HTTP.
    OSError
        If nobody answers, or a file of its access cannot be read.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    context = access.context() if secure else None
    proven = access.headers()
    port = parts.port or (443 if secure else 80)
    try:
        reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context)
    except ssl.SSLCertVerificationError as error:
        told = f"its certificate is not believed: {error.verify_message}; set its ca_file"
        raise SourceAway(told) from error
    try:
        connection = h11.Connection(h11.CLIENT)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        fixed = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": "homeostat",
                 "Connection": "close", "Accept-Encoding": "gzip"}  # fmt: skip
        request = h11.Request(
            method="GET", target=target, headers=[*(fixed | dict(headers) | proven).items()]
        )
        writer.write(connection.send(request) or b"")
        writer.write(connection.send(h11.EndOfMessage()) or b"")
        return await _answer(connection, reader)
    except h11.ProtocolError as error:
        raise SourceAway(f"it does not speak HTTP: {error}") from error
    finally:
        writer.close()


async def _answer(connection: h11.Connection, reader: asyncio.StreamReader) -> Answer:
    headers: dict[bytes, bytes] = {}
    body = bytearray()
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        match event:
            case h11.Response():
                headers = _accepted(event)
            case h11.Data():
                body += event.data
                if len(body) > MOST_BYTES:
                    raise SourceAway(f"it answers more than {MOST_BYTES} bytes")
            case h11.ConnectionClosed():
                raise SourceAway("it ends the connection instead of answering")
            case h11.NEED_DATA:
                connection.receive_data(await reader.read(65536))
    packed = headers.get(b"content-encoding", b"").lower() == b"gzip"
    media_type = headers.get(b"content-type", b"").decode("latin-1")
    return Answer(media_type, _gunzipped(bytes(body)) if packed else bytes(body))


def _accepted(response: h11.Response) -> dict[bytes, bytes]:
    """Return the headers of an answer, if that is one of success."""
    headers, status = dict(response.headers), response.status_code
    if not 200 <= status < 300:
        moved = headers.get(b"location", b"").decode("latin-1") if 300 <= status < 400 else ""
        remedy = f"it is at {moved}; set its url to that" if moved else _REMEDIES.get(status)
        raise SourceAway(f"it answers {status}" + (f": {remedy}" if remedy else ""))
    return headers


def _gunzipped(body: bytes) -> bytes:
    unpacking = zlib.decompressobj(_GZIP)
    try:
        content = unpacking.decompress(body, MOST_BYTES)
    except zlib.error as error:
        raise SourceAway(f"its gzip cannot be unpacked: {error}") from error
    if not unpacking.eof and not unpacking.unconsumed_tail:
        raise SourceAway("its gzip ends too early")
    if unpacking.unconsumed_tail:
        raise SourceAway(f"it answers more than {MOST_BYTES} bytes")
    return content
