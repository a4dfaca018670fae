"""Probes of what serves: does it accept, does it answer.

HTTP is spoken through h11, which the API's server brings along: a whole HTTP client would double
the memory of a node.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import h11

_MOST_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a probe found.

    Parameters
    ----------
    well : bool
        Whether it passed.
    latency_ms : float
        From the first byte sent to the verdict.
    detail : str
        For people: what was seen, or what was missing.
    """

    well: bool
    latency_ms: float
    detail: str


async def probe_tcp(address: str, timeout_s: float) -> Verdict:
    """Return whether ``HOST:PORT`` accepts a connection within `timeout_s`."""
    host, _, port = address.rpartition(":")
    began = time.perf_counter()
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection(host, int(port))
        writer.close()
    except (OSError, TimeoutError) as error:
        return verdict(False, began, f"{address}: {in_words(error)}")
    return verdict(True, began, f"{address} accepts")


async def probe_http(
    url: str, timeout_s: float, *, status: int | None = None, body: str | None = None
) -> Verdict:
    """Return whether `url` answers as expected within `timeout_s`.

    Parameters
    ----------
    status : int, optional
        The status that it must answer; any below 400 otherwise.
    body : str, optional
        Text that the answer must contain.
    """
    began = time.perf_counter()
    try:
        async with asyncio.timeout(timeout_s):
            answered, text = await _get(url)
    except (OSError, TimeoutError, h11.RemoteProtocolError) as error:
        return verdict(False, began, f"{url}: {in_words(error)}")
    if answered != status if status is not None else answered >= 400:
        return verdict(False, began, f"{url} answers {answered}")
    if body is not None and body not in text:
        return verdict(False, began, f"{url} answers without {body!r}")
    return verdict(True, began, f"{url} answers {answered}")


async def _get(url: str) -> tuple[int, str]:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    context = ssl.create_default_context() if secure else None
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = h11.Connection(h11.CLIENT)
        headers = [("Host", parts.netloc), ("User-Agent", "homeostat"), ("Connection", "close")]
        request = h11.Request(method="GET", target=target, headers=headers)
        writer.write(connection.send(request) or b"")
        writer.write(connection.send(h11.EndOfMessage()) or b"")
        return await _answer(connection, reader)
    finally:
        writer.close()


async def _answer(connection: h11.Connection, reader: asyncio.StreamReader) -> tuple[int, str]:
    status, text = 0, b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            text += event.data
        if isinstance(event, h11.EndOfMessage | h11.ConnectionClosed) or len(text) > _MOST_BYTES:
            return status, text.decode("utf-8", "replace")


def verdict(well: bool, began: float, detail: str) -> Verdict:
    """Return the verdict of a probe that `began` at that time of the performance counter."""
    return Verdict(well, (time.perf_counter() - began) * 1000, detail)


def in_words(error: BaseException) -> str:
    """Return an error as a person would say it."""
    return "no answer in time" if isinstance(error, TimeoutError) else str(error) or repr(error)
