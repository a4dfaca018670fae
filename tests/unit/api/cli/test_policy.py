"""What a policy that is put in force leaves out is told where it weighs."""

from __future__ import annotations

import msgspec

from api.cli.policy import emptied
from config.policy import default_policy

WHOLE = msgspec.to_builtins(default_policy())


def test_a_policy_that_leaves_out_what_was_in_force_says_so() -> None:
    told = list(emptied(WHOLE, {"surveillance": {"threats": [{"name": "mine"}]}}))
    actions, thresholds = len(WHOLE["actions"]), len(WHOLE["surveillance"]["thresholds"])
    assert told == [
        f"has no actions, of which {actions} were in force: none is taken any more",
        f"has no thresholds, of which {thresholds} were in force: none is held to any more",
    ]


def test_a_policy_that_is_whole_says_nothing() -> None:
    assert list(emptied(WHOLE, WHOLE)) == []
    assert list(emptied({}, WHOLE)) == []


def test_a_key_without_a_value_is_one_that_is_left_out() -> None:
    assert len(list(emptied(WHOLE, {"actions": None, "surveillance": None}))) == 3
