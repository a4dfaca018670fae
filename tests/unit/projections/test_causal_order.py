from __future__ import annotations

import random

import pytest

from projections.queries.events import EventRow, causal_order


def row(name: str, cause: str, at: float = 0.0) -> EventRow:
    return EventRow(0, name, "x", "", "", "", at, {}, "", cause, "", 0, 0)


def test_a_cause_comes_before_its_effect_whatever_the_clocks_say() -> None:
    rows = [row("effect", "cause"), row("other", ""), row("cause", "root"), row("root", "")]
    assert [one.id for one in causal_order(rows)] == ["root", "cause", "effect", "other"]


@pytest.mark.parametrize("seed", range(10))
def test_a_long_chain_in_any_order_is_put_in_order(seed: int) -> None:
    rows = [row(str(n), str(n - 1)) for n in range(200)]
    random.Random(seed).shuffle(rows)
    assert [int(one.id) for one in causal_order(rows)] == list(range(200))


def test_a_circle_ends() -> None:
    rows = [row("a", "b"), row("b", "a")]
    assert sorted(one.id for one in causal_order(rows)) == ["a", "b"]
