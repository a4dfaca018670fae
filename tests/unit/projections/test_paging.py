from __future__ import annotations

import pytest

from projections.queries.paging import CursorError, bounded, decode_cursor, encode_cursor


def test_a_cursor_holds_its_key() -> None:
    assert decode_cursor(encode_cursor([1790000000.25, "a/ü"]), 2) == [1790000000.25, "a/ü"]


@pytest.mark.parametrize("cursor", ["", "!!", "bm90IGpzb24", encode_cursor(["one"])])
def test_a_foreign_cursor_is_refused_with_the_remedy(cursor: str) -> None:
    with pytest.raises(CursorError, match=r"hand in one from an earlier page|belongs to another"):
        decode_cursor(cursor, 2)


@pytest.mark.parametrize(("asked", "given"), [(-5, 1), (0, 1), (7, 7), (10**9, 1000)])
def test_a_limit_is_bounded(asked: int, given: int) -> None:
    assert bounded(asked) == given
