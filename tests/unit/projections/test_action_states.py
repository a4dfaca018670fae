"""The facts of an action come from several writers: any order of arrival gives the same row."""

from __future__ import annotations

import random
from typing import Any

import pytest

from processors.step import Fact
from projections.models import actions
from projections.opening import open_fact
from projections.read_models import fold
from projections.rows import Rows
from streams.contracts.envelope import decode_event
from streams.contracts.events.action import ActionRefused, ApprovalGiven
from streams.contracts.events.registry import EVENT_TYPES
from streams.contracts.record import Record
from tests.integration.log_of_facts import (
    SIGNER,
    T0,
    FakeLog,
    facts_only,
    finished,
    granted,
    proposed,
    sealed,
)

STORY = [
    proposed("web", "a1", "f1", T0),
    granted("web", "a1", "f1", T0 + 1),
    finished("web", "a1", "f1", T0 + 2),
]


def records() -> list[Record]:
    sealed_story = sealed("decision", "decisions", 0, list(enumerate(STORY)))
    return facts_only(FakeLog().records(sealed_story))


def folded(order: list[Record]) -> dict[str, Any]:
    rows = Rows(lambda _table, _key: None)
    for record in order:
        fold(rows, open_fact(record, SIGNER))
    return rows.changed()[actions].new[0]


@pytest.mark.parametrize("seed", range(6))
def test_any_order_gives_the_same_row(seed: int) -> None:
    shuffled = records()
    random.Random(seed).shuffle(shuffled)
    assert folded(shuffled) == folded(records())


def test_the_state_is_the_furthest_stage() -> None:
    assert folded(records()[:2])["state"] == "granted"
    assert folded(records())["state"] == "finished"


@pytest.mark.parametrize("sooner", [False, True])
def test_an_answer_that_does_not_count_says_so(sooner: bool) -> None:
    given = Fact("default/web", ApprovalGiven("a1", True, "ada", "fine"), T0 + 1)
    said = sealed("governor", "governance", 0, [(0, given)])
    refusal = Fact(
        "default/web",
        ActionRefused("a1", "service.restart", "default/web", "approval_late", "too late", "ada"),
        T0 + 2,
        causation=decode_event(said[0].value).id,
        kind=EVENT_TYPES["action.approval_refused"],
    )
    answers = FakeLog().records(said + sealed("governor", "governance", 0, [(1, refusal)]))
    (answer,) = folded(answers[::-1] if sooner else answers)["approvals"]
    assert (answer["by"], answer["approved"], answer["at"]) == ("ada", True, T0 + 1)
    assert (answer["refused"], answer["detail"]) == ("approval_late", "too late")
