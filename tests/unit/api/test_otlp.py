"""The receiver of OTLP as its protocol asks: encodings, statuses, who may."""

from __future__ import annotations

import gzip
import json
import zlib
from http import HTTPStatus

import pytest
from google.rpc.status_pb2 import Status

from api.errors import Problem
from api.middleware import MAX_BODY
from api.routes.foreign import MAX_UNPACKED
from api.routes.otlp import OtlpFailures
from streams.producers.otlp.receiver import JSON, PROTOBUF

PATH = "/v1/metrics"
POINT = {"timeUnixNano": "1700000000000000000", "asDouble": 1.5}
ONE = json.dumps(
    {
        "resourceMetrics": [
            {
                "resource": {
                    "attributes": [{"key": "service.name", "value": {"stringValue": "cart"}}]
                },
                "scopeMetrics": [{"metrics": [{"name": "load", "gauge": {"dataPoints": [POINT]}}]}],
            }
        ]
    }
).encode()


PACKED = {"content_type": PROTOBUF, "content_encoding": "gzip"}


def post(api, body: bytes, who: str | None = "operator", **headers: str):
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    with api.client(who) as client:
        return client.post(PATH, content=body, headers=named)


def refused(answer, status: int, code: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROTOBUF
    assert answer.headers["x-content-type-options"] == "nosniff"
    said = Status.FromString(answer.content)
    assert said.code == code
    return said.message


def test_an_empty_request_succeeds_in_either_encoding(api):
    binary = post(api, b"", content_type=PROTOBUF)
    assert (binary.status_code, binary.content) == (200, b"")
    assert binary.headers["content-type"] == PROTOBUF
    for packing, packed in (("gzip", gzip.compress(b"{}")), ("deflate", zlib.compress(b"{}"))):
        text = post(api, packed, content_type=f"{JSON}; charset=utf-8", content_encoding=packing)
        assert (text.status_code, text.json(), text.headers["content-type"]) == (200, {}, JSON)


def test_what_is_not_taken_is_a_partial_success(api):
    nameless = ONE.replace(b"service.name", b"service.nick")
    answer = post(api, nameless, content_type=JSON)
    assert answer.status_code == 200
    assert answer.json()["partialSuccess"]["rejectedDataPoints"] == "1"


def test_where_the_log_is_away_senders_are_told_to_try_again(api):
    answer = post(api, ONE, content_type=JSON)
    assert (answer.status_code, answer.json()["code"]) == (503, 14)
    assert answer.headers["content-type"] == JSON
    assert int(answer.headers["retry-after"]) >= 1


def test_nobody_sends_without_a_token_nor_with_a_readers(api):
    with api.client() as client:
        client.headers.pop("authorization")
        unknown = client.post(PATH, content=ONE, headers={"content-type": PROTOBUF})
    assert "Bearer" in refused(unknown, 401, 16)
    assert unknown.headers["www-authenticate"].startswith("Bearer")
    refused(post(api, b"", who="viewer", content_type=PROTOBUF), 403, 7)
    with api.client("stranger") as client:
        foreign = client.post(
            PATH, params={"tenant": "default"}, headers={"content-type": PROTOBUF}
        )
    refused(foreign, 403, 7)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"\xff\xff", {"content_type": PROTOBUF}, 400),
        (b"no gzip", PACKED, 400),
        (gzip.compress(b"x" * 99)[:-9], PACKED, 400),
        (b"", {"content_type": "text/plain"}, 415),
        (b"", {}, 415),
        (zlib.compress(b""), {"content_type": PROTOBUF, "content_encoding": "br"}, 415),
        (b"x" * (MAX_BODY + 1), {"content_type": PROTOBUF}, 413),
        (gzip.compress(bytes(MAX_UNPACKED + 1)), PACKED, 413),
    ],
    ids=["protobuf", "gzip", "cut", "text", "untyped", "brotli", "large", "bomb"],
)  # fmt: skip
def test_bodies_that_cannot_be_taken_are_refused_for_good(api, body, headers, status):
    answer = post(api, body, **headers)
    assert refused(answer, status, {413: 8}.get(status, 3))
    assert "retry-after" not in answer.headers


async def test_whoever_asks_too_much_is_told_so_in_the_protocols_own_words():
    problem = Problem(
        HTTPStatus.TOO_MANY_REQUESTS, "rate-limited", "slow down", headers={"retry-after": "3"}
    )
    sent: list[dict] = []

    async def send(message) -> None:
        sent.append(message)

    async def receive() -> dict:
        return {"type": "http.request", "body": b""}

    scope = {"type": "http", "path": PATH, "method": "POST", "headers": []}
    await OtlpFailures(problem.response(PATH))(scope, receive, send)
    start, body = sent
    headers = dict(start["headers"])
    assert (start["status"], headers[b"retry-after"]) == (429, b"3")
    assert headers[b"content-length"] == str(len(body["body"])).encode()
    assert Status.FromString(body["body"]) == Status(code=8, message="slow down")


def test_other_methods_are_not_there(api):
    with api.client() as client:
        assert client.get(PATH).status_code == 405


def test_what_is_left_out_is_counted_for_prometheus(api):
    post(api, ONE.replace(b"service.name", b"service.nick"), content_type=JSON)
    with api.client() as client:
        text = client.get("/metrics").text
    assert 'homeostat_intake_left_out_total{protocol="otlp",reason="a resource names no' in text


@pytest.mark.parametrize(
    ("path", "remedy"),
    [("/v1/traces", "OTEL_TRACES_EXPORTER=none"), ("/v1/logs", "OTEL_LOGS_EXPORTER=none")],
)
@pytest.mark.parametrize("media_type", [PROTOBUF, JSON])
def test_another_signal_is_refused_for_good_with_what_to_do(api, path, remedy, media_type):
    with api.client("operator") as client:
        answer = client.post(path, content=b"{}", headers={"content-type": media_type})
    assert (answer.status_code, answer.headers["content-type"]) == (404, media_type)
    binary = media_type == PROTOBUF
    said = Status.FromString(answer.content).message if binary else answer.json()["message"]
    assert remedy in said
    assert "only metrics" in said
