"""What people say of findings and incidents, folded into their rows."""

from __future__ import annotations

from typing import Any

import pytest

from projections.read_models.response import KEPT, answered, blank
from streams.contracts.events import response as said

OPEN = {"tenant_id": "default", **blank()}


def test_a_word_that_comes_after_the_end_changes_nothing_but_comments() -> None:
    for word in (
        said.FindingAcknowledged("f", "ann", "mine", "high"),
        said.IncidentAssigned("i", "ann", "bob"),
        said.IncidentUnacknowledged("i", "ann", "off duty"),
    ):
        assert answered(dict(OPEN), word, 1.0, over=True) == OPEN
    noted = answered(dict(OPEN), said.FindingCommented("f", "ann", "why"), 2.0, over=True)
    assert noted["comments"] == [{"at": 2.0, "by": "ann", "text": "why"}]


def test_the_last_word_counts() -> None:
    row: dict[str, Any] = dict(OPEN)
    for at, by in ((1.0, "ann"), (2.0, "bob")):
        word = said.IncidentAcknowledged("i", by, "mine", "high")
        row = answered(row, word, at, over=False)
    assert (row["acknowledged_by"], row["acknowledgement"]["at"]) == ("bob", 2.0)
    row = answered(row, said.IncidentUnacknowledged("i", "ann", "no"), 3.0, over=False)
    assert row == OPEN
    for to in ("ann", ""):
        row = answered(row, said.FindingAssigned("f", "bob", to), 4.0, over=False)
        assert row["assigned_to"] == to


@pytest.mark.parametrize("more", [0, 7])
def test_so_many_comments_are_kept_beside_a_thing(more: int) -> None:
    row: dict[str, Any] = dict(OPEN)
    for number in range(KEPT + more):
        row = answered(row, said.FindingCommented("f", "ann", str(number)), 1.0, over=False)
    assert [each["text"] for each in row["comments"]] == [str(n) for n in range(more, KEPT + more)]
