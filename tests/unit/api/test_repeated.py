"""A parameter that takes one value is given once; a list may be repeated."""

from __future__ import annotations

import pytest

from api.app import PREFIX
from tests.unit.api.conftest import RunningApi


@pytest.mark.parametrize(
    ("path", "name"), [("agents", "as_of"), ("findings", "state"), ("events", "tenant")]
)
def test_a_value_given_twice_is_refused_by_name(api: RunningApi, path: str, name: str) -> None:
    with api.client() as client:
        answer = client.get(f"{PREFIX}/{path}", params={name: ["default", "open"]})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["field"], error["remedy"]) == (name, "give it once")


@pytest.mark.parametrize(("path", "name"), [("actions", "state"), ("events", "type")])
def test_a_list_is_given_by_repeating(api: RunningApi, path: str, name: str) -> None:
    with api.client() as client:
        answer = client.get(f"{PREFIX}/{path}", params={name: ["finished", "awaiting"]})
    assert answer.status_code == 200


def test_every_method_of_a_path_is_allowed(api: RunningApi) -> None:
    with api.client() as client:
        answer = client.options(f"{PREFIX}/session")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "DELETE, GET, HEAD, POST"
