"""Remote write over HTTP: what is taken, what is sent again, what never."""

from __future__ import annotations

import pytest
from cramjam import snappy

from api.routes.foreign import MAX_UNPACKED
from tests.unit.streams.producers.prometheus.test_remote_write import OF, T0, body

PATH = "/api/v1/write"
HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
ONE = bytes(snappy.compress_raw(body(("load", OF, [(T0, 1.0)]))))


def post(api, content: bytes, who: str = "operator", **changed: str):
    with api.client(who) as client:
        return client.post(PATH, content=content, headers=HEADERS | changed)


def test_nothing_to_write_is_taken(api):
    answer = post(api, bytes(snappy.compress_raw(b"")))
    assert (answer.status_code, answer.content) == (204, b"")


def test_where_the_log_is_away_it_is_to_be_sent_again(api):
    answer = post(api, ONE)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1


def test_readers_may_not_write(api):
    assert post(api, ONE, "viewer").status_code == 403
    with api.client("stranger") as client:
        answer = client.post(PATH, content=ONE, headers=HEADERS, params={"tenant": "default"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("content", "changed", "status"),
    [
        (b"no snappy", {}, 400),
        (b"", {}, 400),
        (bytes(snappy.compress_raw(b"\xff")), {}, 400),
        (bytes(snappy.compress_raw(bytes(MAX_UNPACKED + 1))), {}, 413),
        (ONE, {"Content-Encoding": "gzip"}, 415),
        (ONE, {"Content-Type": "application/json"}, 415),
        (ONE, {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"}, 415),
    ],
    ids=["snappy", "empty", "protobuf", "bomb", "gzip", "json", "version 2"],
)
def test_what_will_never_do_is_not_to_be_sent_again(api, content, changed, status):
    answer = post(api, content, **changed)
    assert answer.status_code == status, answer.text
    assert "retry-after" not in answer.headers
