"""A read that waits for a write: it sees it, or says by when it did not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.unit.api.conftest import RunningApi

READS = [
    "/agents", "/agents/web-0", "/fleet", "/findings", "/findings/finding-1", "/actions",
    "/actions/action-1", "/events", "/policy",
]  # fmt: skip


@pytest.mark.parametrize("path", READS)
def test_what_is_reached_is_answered(api: RunningApi, path: str) -> None:
    with api.client("viewer") as client:
        events = client.get("/api/v1/events").json()["items"]
        asked = {"wait_for": f"findings/{_partition(events)}/0/0", "wait_s": "30"}
        assert client.get(f"/api/v1{path}", params=asked).status_code == 200


@pytest.mark.parametrize("path", READS)
def test_what_is_never_reached_ends_with_a_remedy(api: RunningApi, path: str) -> None:
    with api.client("viewer") as client:
        asked = {"wait_for": "findings/0/99999999/0", "wait_s": "0.05"}
        answer = client.get(f"/api/v1{path}", params=asked)
    assert answer.status_code == 504
    assert answer.json()["type"] == "/problems/not-reached"
    assert "wait_s" in answer.json()["detail"]
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"wait_for": "nowhere"}, "wait_for"),
        ({"wait_for": "decisions/0/1/0"}, "wait_for"),
        ({"wait_for": "findings/x/1/0"}, "wait_for"),
        ({"wait_for": "findings/0/1/0", "wait_s": "0"}, "wait_s"),
        ({"wait_for": "findings/0/1/0", "wait_s": "31"}, "wait_s"),
    ],
)
def test_what_cannot_be_waited_for_is_refused_by_name(
    api: RunningApi, asked: dict[str, str], field: str
) -> None:
    with api.client("viewer") as client:
        answer = client.get("/api/v1/agents", params=asked)
    assert answer.status_code == 422
    assert field in answer.json()["errors"][0]["field"]


def test_a_read_that_waits_sees_what_is_written_meanwhile(api: RunningApi) -> None:
    """The read begins first or not: either way it shows the finding."""
    with api.client("viewer") as client, ThreadPoolExecutor(1) as beside:
        events = client.get("/api/v1/events", params={"limit": 1000}).json()["items"]
        partition = _partition(events)
        following = 1 + max(e["offset"] for e in events if e["topic"] == "findings")
        asked = {"wait_for": f"findings/{partition}/{following}/0", "wait_s": "30"}
        reading = beside.submit(client.get, "/api/v1/findings", params=asked)
        api.happen(7_000)
        found = [finding["finding_id"] for finding in reading.result().json()["items"]]
    assert "late-7000" in found


def _partition(events: list[dict]) -> int:
    return int(next(e["partition"] for e in events if e["topic"] == "findings"))
