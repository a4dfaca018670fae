"""HEAD answers as GET does, and a client that has an answer is not sent it again."""

from __future__ import annotations

import pytest

from api.app import PREFIX
from tests.unit.api.conftest import RunningApi

READS = ["/healthz", "/metrics", "/", "/guide", "/asyncapi.json", f"{PREFIX}/openapi.json",
         f"{PREFIX}/agents", f"{PREFIX}/agents/web-0", f"{PREFIX}/fleet"]  # fmt: skip


@pytest.mark.parametrize("path", READS)
def test_head_has_the_head_of_get_and_no_body(api: RunningApi, path: str) -> None:
    with api.client() as client:
        got, head = client.get(path), client.head(path)
    assert head.status_code == got.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == got.headers["content-type"]


def test_head_of_a_stream_ends(api: RunningApi) -> None:
    with api.client() as client:
        answer = client.head(f"{PREFIX}/stream")
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_head_is_guarded_as_get_is(api: RunningApi) -> None:
    with api.client("nobody") as client:
        assert client.head(f"{PREFIX}/agents").status_code == 401


def test_what_only_takes_writes_refuses_head(api: RunningApi) -> None:
    with api.client() as client:
        answer = client.head(f"{PREFIX}/telemetry")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("shape", ["{}", "W/{}", '"other", {}', "*"])
def test_a_fleet_that_is_known_is_not_sent_again(api: RunningApi, shape: str) -> None:
    then = {"as_of": "2026-09-21T14:13:21Z"}
    with api.client("viewer") as client:
        first = client.get(f"{PREFIX}/fleet", params=then)
        known = {"if-none-match": shape.format(first.headers["etag"])}
        again = client.get(f"{PREFIX}/fleet", params=then, headers=known)
        other = client.get(f"{PREFIX}/fleet", params=then, headers={"if-none-match": '"other"'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert other.content == first.content
