"""What made-up requests cannot reach: pages by their cursors, and the stream that never ends."""

from __future__ import annotations

import json

import httpx
import pytest

from api.schemas.events import EventView
from tests.integration.contracts.conftest import WAITING, Served
from tests.integration.contracts.test_conformance import api

LISTS = {
    "/api/v1/agents": 2,
    "/api/v1/findings": 1,
    "/api/v1/actions": 1 + len(WAITING),
    "/api/v1/events": 5,
}
"""With how many items there are of the past, at least."""


@pytest.mark.parametrize("path", LISTS)
def test_cursors_lead_through_a_list_once_and_as_the_document_says(
    served: Served, path: str
) -> None:
    operation = api[path]["GET"]
    seen: list[str] = []
    cursor = None
    with httpx.Client(base_url=served.base, headers=served.headers, timeout=60) as client:
        while cursor is not None or not seen:
            asked = {"limit": 7} | ({} if cursor is None else {"cursor": cursor})
            answer = client.get(path, params=asked)
            operation.validate_response(answer)
            page = answer.json()
            seen += [json.dumps(item, sort_keys=True) for item in page["items"]]
            cursor = page["next"]
    assert len(seen) == len(set(seen)) >= LISTS[path]


def test_the_stream_tells_events_in_the_shape_of_the_list(served: Served) -> None:
    told = api["/api/v1/stream"]["GET"].definition.raw["responses"]["200"]["content"]
    headers = served.headers | {"last-event-id": "0"}
    with (
        httpx.Client(base_url=served.base, headers=headers, timeout=60) as client,
        client.stream("GET", "/api/v1/stream") as answer,
    ):
        assert answer.headers["content-type"].partition(";")[0] in told
        data = next(line for line in answer.iter_lines() if line.startswith("data:"))
    shown = json.loads(data.removeprefix("data:"))
    assert EventView.model_validate(shown).model_dump(mode="json") == shown
