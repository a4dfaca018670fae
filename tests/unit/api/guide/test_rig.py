"""What compares the tutorial with what is seen can say no."""

from __future__ import annotations

import pytest

from tests.end_to_end.guide_rig import Shown, blocks

ONE, OTHER = (f"{digit * 8}-1111-5111-8111-111111111111" for digit in "ab")


@pytest.fixture
def shown() -> Shown:
    return Shown({8000: 41000})


@pytest.mark.parametrize(
    ("guide", "seen", "fits"),
    [
        ("web  active  …\n", "web   active  healthy\n", True),
        ("web  active  …\n", "web   offline healthy\n", False),
        ("[  3.8 s] up\n", "[ 12.25 s] up\n", True),
        ("queue_depth  12\n", "queue_depth  13\n", False),
        ("at 2026-11-21 08:19:46\n", "at 2027-01-02 03:04:05\n", True),
        ("on localhost:8000\n", "on localhost:41000\n", True),
        ("on localhost:8000\n", "on localhost:8000\n", False),
        ("first\n…\nlast\n", "first\nany\nlines\nlast\n", True),
        ("first\n…\nlast\n", "first\nany\nlines\n", False),
        ("all of it\n", "all of it\nand more\n", False),
        ("", "", True),
        ("", "an error\n", False),
    ],
)
def test_only_what_is_shown_fits(shown: Shown, guide: str, seen: str, *, fits: bool) -> None:
    assert shown.fits(guide, seen) is fits


def test_an_id_stands_for_the_one_seen_first(shown: Shown) -> None:
    assert shown.fits(f"finding {ONE}\n", f"finding {OTHER}\n")
    assert shown.own(f"homeostat findings {ONE}") == f"homeostat findings {OTHER}"
    assert not shown.fits(f"finding {ONE}\n", f"finding {ONE}\n")


def test_lines_may_come_in_another_order_where_it_says_so(shown: Shown) -> None:
    assert not shown.fits("one\ntwo\n", "two\none\n")
    assert shown.fits_unordered("one\ntwo\n", "two\none\n")
    assert not shown.fits_unordered("one\ntwo\n", "two\ntwo\n")
    assert not shown.fits_unordered("one\n", "one\ntwo\n")


def test_blocks_are_read_with_their_words_and_steps() -> None:
    text = "```console until\n$ first\nseen\n$ second\n```\n\n```yaml mine.yaml\na: 1\n```\n"
    typed, file = blocks(text)
    assert typed.says("until")
    assert typed.steps == [("first", "seen\n"), ("second", "")]
    assert (typed.file, file.file, file.content) == (None, "mine.yaml", "a: 1\n")
