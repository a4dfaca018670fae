"""Prometheus' remote write 1.0, at the path where Prometheus itself would take it.

Source: *Prometheus Remote-Write 1.0 specification*: what answers 5xx or 429 is sent again, what
answers another 4xx is not.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.identity.guard import Operator, Tenant
from api.routes.foreign import MAX_UNPACKED, bad_body, too_large, unsupported, write
from api.services import Served
from streams.producers.prometheus.remote_write import RemoteWriteReceiver
from streams.producers.series.reading import Read, Undecodable

router = APIRouter(tags=["telemetry"], include_in_schema=False)
_PROTOBUF: Final = "application/x-protobuf"
_PROTO_1: Final = (_PROTOBUF, f"{_PROTOBUF};proto=prometheus.WriteRequest")


@router.post("/write", status_code=204)
async def remote_write(
    request: Request, served: Served, _caller: Operator, tenant: Tenant
) -> Response:
    """Take what a Prometheus server writes, for the agents that its jobs and instances name."""
    media_type = request.headers.get("content-type", "").replace(" ", "")
    if media_type not in _PROTO_1:
        raise unsupported("Content-Type", media_type, f"{_PROTOBUF}: remote write 1.0")
    if (encoding := request.headers.get("content-encoding", "")).lower() != "snappy":
        raise unsupported("Content-Encoding", encoding, "snappy")
    body = await request.body()
    receiver: RemoteWriteReceiver = request.app.state.remote_write
    try:
        read = await run_in_threadpool(_read, receiver, body, tenant)
    except Undecodable as error:
        raise bad_body(str(error)) from error
    await write(request, served, tenant, read, "remote_write")
    return Response(status_code=204)


def _read(receiver: RemoteWriteReceiver, body: bytes, tenant: str) -> Read:
    return receiver.read(_unpacked(body), tenant)


def _unpacked(body: bytes) -> bytes:
    from cramjam import DecompressionError, snappy

    try:
        size = snappy.decompress_raw_len(body)
        if size > MAX_UNPACKED:
            raise too_large(size)
        return bytes(snappy.decompress_raw(body))
    except DecompressionError as error:
        raise bad_body(f"the body is no block of snappy: {error}") from error
