"""What the receivers of foreign protocols share: they unpack bodies within limits, and write them.

Their bodies are not described in the OpenAPI document: other documents specify them.
"""

from __future__ import annotations

import asyncio
import zlib
from http import HTTPStatus
from typing import Final

from fastapi import Request

from api.errors import Problem
from api.metrics.intake import Intake
from api.services import Services
from streams.producers.series.reading import Read

MAX_UNPACKED: Final = 16 << 20
"""Bytes that a compressed body may have once it is unpacked."""
PATIENCE_S: Final = 8.0
"""How long a sender waits for the log: less than the ten seconds after which they give up."""
PACKINGS: Final = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
"""Encodings of a body, with the window sizes that zlib knows them by (RFC 9110, 8.4.1)."""


def bad_body(detail: str) -> Problem:
    """Return the problem of a body that cannot be read; sending it again will not help."""
    return Problem(HTTPStatus.BAD_REQUEST, "malformed-body", detail)


def too_large(size: int | str) -> Problem:
    """Return the problem of a body that unpacks to more than is accepted."""
    detail = f"the body unpacks to {size} bytes; at most {MAX_UNPACKED} are accepted; send less"
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", detail)


def unsupported(header: str, value: str, supported: str) -> Problem:
    """Return the problem of a media type or an encoding that is not spoken here."""
    detail = f"{header} is {value[:100]!r}; use {supported}"
    return Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)


def unpacked(body: bytes, packing: str) -> bytes:
    """Return what a body holds that is packed as one of `PACKINGS`."""
    unpacking = zlib.decompressobj(PACKINGS[packing])
    try:
        content = unpacking.decompress(body, MAX_UNPACKED)
    except zlib.error as error:
        raise bad_body(f"the body is no {packing}: {error}") from error
    if unpacking.unconsumed_tail:
        raise too_large(f"more than {MAX_UNPACKED}")
    if not unpacking.eof:
        raise bad_body(f"the body is no {packing}: it ends too early")
    return content


async def write(request: Request, served: Services, tenant: str, read: Read, by: str) -> None:
    """Write what a request says, and count it; return once the broker has it.

    Parameters
    ----------
    by : str
        The protocol that it came by.

    Raises
    ------
    Problem
        503, to be tried again, where the broker does not answer soon.
    """
    try:
        async with asyncio.timeout(PATIENCE_S):
            if read.heartbeats:
                await served.report(read.heartbeats)
    except TimeoutError as error:
        detail = "the log cannot be written now, so whether it was recorded is unknown; try again"
        retry = {"retry-after": "5"}
        status = HTTPStatus.SERVICE_UNAVAILABLE
        raise Problem(status, "log-away", detail, headers=retry) from error
    intake: Intake = request.app.state.intake
    intake.note(by, tenant, read)
