"""OTLP/HTTP metrics, so that nobody who speaks OpenTelemetry has to be instrumented anew.

Source: OpenTelemetry Protocol specification 1.x, section *OTLP/HTTP*: binary or JSON protobuf, an
answer in the encoding of the request, and a ``google.rpc.Status`` for every failure.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import MEDIA_TYPE, Problem
from api.identity.guard import Operator, Tenant
from api.routes.foreign import PACKINGS, bad_body, unpacked, unsupported, write
from api.services import Served
from streams.producers.otlp.receiver import JSON, PROTOBUF, OtlpReceiver, answer, refusal
from streams.producers.series.reading import Undecodable

PATH: Final = "/v1/metrics"
"""Where every exporter sends to unless told otherwise."""
TRACES: Final = "/v1/traces"
LOGS: Final = "/v1/logs"
"""Where those who export all signals send the others, if nobody tells them not to."""
_ELSE: Final = "; or leave this exporter out of that pipeline of your collector"
_REMEDIES: Final = {
    TRACES: f"spans are not taken here, only metrics: set OTEL_TRACES_EXPORTER=none{_ELSE}, whose "
    "spanmetrics connector makes rates, errors and durations of spans, which are metrics",
    LOGS: f"logs are not taken here, only metrics: set OTEL_LOGS_EXPORTER=none{_ELSE}",
}
router = APIRouter(tags=["telemetry"], include_in_schema=False)
_CODES: Final = {400: 3, 401: 16, 403: 7, 404: 5, 413: 8, 415: 3, 422: 3, 429: 8, 503: 14}
"""The codes of gRPC that HTTP's stand for, as ``google.rpc.Code`` has them."""
_UNKNOWN: Final = 2


@router.post(PATH)
async def metrics(request: Request, served: Served, _caller: Operator, tenant: Tenant) -> Response:
    """Take metrics of OpenTelemetry for the agents that their resources name."""
    media_type = _media_type(request.headers)
    if media_type not in (JSON, PROTOBUF):
        raise unsupported("Content-Type", media_type, f"{PROTOBUF} or {JSON}")
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in (*PACKINGS, "identity"):
        raise unsupported("Content-Encoding", encoding, f"{' or '.join(PACKINGS)}, or none")
    body = await request.body()
    receiver: OtlpReceiver = request.app.state.otlp
    try:
        content = unpacked(body, encoding) if encoding in PACKINGS else body
        read = await run_in_threadpool(receiver.read, content, media_type, tenant)
    except Undecodable as error:
        raise bad_body(str(error)) from error
    await write(request, served, tenant, read, "otlp")
    return Response(answer(read.left_out, media_type), media_type=media_type)


@router.post(TRACES)
@router.post(LOGS)
async def refused(request: Request, _caller: Operator) -> Response:
    """Say why no other signal is taken, and what to do; it is not sent again."""
    raise Problem(HTTPStatus.NOT_FOUND, "signal-not-taken", _REMEDIES[request.url.path])


def _media_type(headers: Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


class OtlpFailures:
    """Answers the failures of OTLP requests as that protocol asks, wherever they come from."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] not in (PATH, *_REMEDIES):
            await self._app(scope, receive, send)
            return
        asked = _media_type(Headers(scope=scope))
        await self._app(scope, receive, _Translated(send, JSON if asked == JSON else PROTOBUF))


class _Translated:
    """Passes an answer on; problem details become a ``Status``."""

    def __init__(self, send: Send, media_type: str) -> None:
        self._send = send
        self._media_type = media_type
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if Headers(raw=message["headers"]).get("content-type") == MEDIA_TYPE:
                self._start = message
                return
        elif self._start is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._refuse(self._start)
            return
        await self._send(message)

    async def _refuse(self, start: Message) -> None:
        code = _CODES.get(start["status"], _UNKNOWN)
        body = refusal(code, json.loads(self._body)["detail"], self._media_type)
        headers = MutableHeaders(raw=list(start["headers"]))
        headers["content-type"] = self._media_type
        headers["content-length"] = str(len(body))
        await self._send({**start, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body})
