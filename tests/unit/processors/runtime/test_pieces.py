"""A turn of the worker lasts as long as it should, whatever a record costs."""

from __future__ import annotations

import pytest

from processors.runtime.pieces import FEWEST, MOST, TURN_S, Pieces


def turns(pieces: Pieces, cost_s: float, count: int) -> list[int]:
    """Return the sizes of pieces whose records cost so much."""
    sizes = []
    for _ in range(count):
        sizes.append(pieces.size)
        pieces.learn(pieces.size, pieces.size * cost_s)
    return sizes


def test_what_is_cheap_is_soon_folded_by_thousands() -> None:
    assert turns(Pieces(), 8e-6, 6) == [250, 500, 1000, 2000, MOST, MOST]


@pytest.mark.parametrize("cost_s", [2e-5, 5e-5, 1e-4])
def test_turns_settle_at_their_length(cost_s: float) -> None:
    settled = turns(Pieces(), cost_s, 12)[-1]
    assert settled * cost_s == pytest.approx(TURN_S, rel=0.01)


def test_after_one_slow_piece_all_others_are_short() -> None:
    pieces = Pieces()
    turns(pieces, 8e-6, 6)
    assert turns(pieces, 2e-4, 3) == [MOST, FEWEST, FEWEST]


def test_a_fetch_of_few_records_tells_nothing() -> None:
    pieces = Pieces()
    turns(pieces, 8e-6, 3)
    before = pieces.size
    pieces.learn(3, 1.0)
    assert pieces.size == before
