"""What is found in a corpus whose truth is known, and in prose in which nothing leaks."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.conversations import alarms_in, corpus, measure, said_again

ROOT = Path(__file__).parents[4]


def test_known_forms_are_found_and_ordinary_messages_raise_no_alarm():
    measured = measure(corpus(2000, seed=7))
    assert measured.precision >= 0.99
    assert measured.recall(hard=False) >= 0.99
    assert measured.alarmed == 0
    assert measured.recall(hard=True) < 0.8  # of what no rule knows nothing is found


def test_nothing_leaks_in_our_own_prose_but_the_example_of_a_leak():
    paragraphs, found = alarms_in([*ROOT.glob("*.md"), *ROOT.glob("api/guide/*.md")])
    assert paragraphs > 300
    assert found == {"password": 1}


def test_only_what_is_nearly_the_same_was_said_before():
    shares = [said_again(100, changed) for changed in (0.0, 0.05, 0.3, 1.0)]
    assert shares[0] == 1.0
    assert 0.3 < shares[1] < 1.0
    assert shares[2:] == [0.0, 0.0]
