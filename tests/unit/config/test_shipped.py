"""What a release ships otherwise is offered part by part, and taken as it was chosen."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.parts import ABSENT
from config.policy import default_policy, policy_from
from config.shipped import Standing, adopted, answered, chosen, offers

NOW: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(default_policy()))
BEFORE = deepcopy(NOW)
"""As a release before shipped it: without a threshold, with another mode and fewer words."""
BEFORE["surveillance"]["thresholds"] = [
    each for each in NOW["surveillance"]["thresholds"] if each["metric"] != "reported_up"
]
BEFORE["limits"]["max_concurrent"] = 2
BEFORE["surveillance"]["detector"]["ignores"].remove("load_*")
BEFORE["actions"]["host.retired"] = BEFORE["actions"]["host.clear_caches"]
PATHS = {
    "surveillance.thresholds.reported_up",
    "limits.max_concurrent",
    "surveillance.detector.ignores.load_*",
    "actions.host.retired",
}


def names(*three: Any) -> dict[str, Standing]:
    return {offer.name: offer.standing for offer in offers(*three)}


def test_what_nobody_touched_is_new_and_taking_all_of_it_gives_the_shipped_policy() -> None:
    assert names(BEFORE, BEFORE, NOW) == dict.fromkeys(PATHS, Standing.NEW)
    taken = adopted(BEFORE, NOW, [each.path for each in offers(BEFORE, BEFORE, NOW)])
    assert policy_from(taken) == default_policy()
    assert not offers(BEFORE, taken, NOW)


def test_what_was_changed_here_stays_and_is_told_apart() -> None:
    mine = deepcopy(BEFORE)
    mine["limits"]["max_concurrent"] = 9
    mine["limits"]["max_queued"] = 50
    mine["surveillance"]["thresholds"].append({"metric": "reported_up", "warning": 1.0})
    assert names(BEFORE, mine, NOW) == dict.fromkeys(PATHS, Standing.NEW) | {
        "limits.max_concurrent": Standing.DIFFERS,
        "surveillance.thresholds.reported_up": Standing.DIFFERS,
    }
    (path,) = chosen("actions.host.retired", [each.path for each in offers(BEFORE, mine, NOW)])
    assert adopted(mine, NOW, [path]) == {**mine, "actions": NOW["actions"]}


def test_what_is_declined_is_offered_again_only_where_it_is_shipped_otherwise() -> None:
    declined = [each.path for each in offers(BEFORE, BEFORE, NOW)]
    base = answered(BEFORE, BEFORE, NOW, declined)
    assert not offers(base, BEFORE, NOW)
    later = deepcopy(NOW)
    later["limits"]["max_concurrent"] = 5
    assert names(base, BEFORE, later) == {"limits.max_concurrent": Standing.DIFFERS}


def test_what_is_in_force_by_whatever_way_counts_as_answered() -> None:
    base = answered(BEFORE, NOW, NOW)
    later = deepcopy(NOW)
    later["limits"]["max_concurrent"] = 5
    assert names(base, NOW, later) == {"limits.max_concurrent": Standing.NEW}


def test_a_part_removed_here_is_offered_whole() -> None:
    mine, later = deepcopy(NOW), deepcopy(NOW)
    del mine["actions"]["host.rotate_logs"]
    later["actions"]["host.rotate_logs"]["timeout_s"] = 7
    (offer,) = offers(NOW, mine, later)
    assert (offer.name, offer.in_force) == ("actions.host.rotate_logs", ABSENT)
    assert adopted(mine, later, [offer.path])["actions"] == {
        **mine["actions"],
        "host.rotate_logs": later["actions"]["host.rotate_logs"],
    }


def test_a_rule_for_some_agents_comes_before_the_one_for_all() -> None:
    some = {"metric": "up", "agent_types": ["ai_agent"]}
    mine = [{"metric": "up"}, {"metric": "mine"}]
    theirs = [{"metric": "cpu"}, some, {"metric": "up"}]
    assert adopted(mine, theirs, [("up[ai_agent]",)]) == [some, *mine]
    assert adopted(mine, theirs, [("cpu",)]) == [{"metric": "cpu"}, *mine]


@pytest.mark.parametrize("wanted", ["surveillance", "surveillance.detector"])
def test_all_below_a_name_can_be_chosen(wanted: str) -> None:
    paths = [each.path for each in offers(BEFORE, BEFORE, NOW)]
    assert set(chosen(wanted, paths)) == {p for p in paths if ".".join(p).startswith(wanted)}
    assert chosen("surveil", paths) == []


_DOCUMENTS = st.recursive(
    st.integers(0, 2),
    lambda inner: (
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        | st.lists(st.sampled_from("xyz"), unique=True, max_size=3)
    ),
    max_leaves=8,
)
_TREES = st.dictionaries(st.sampled_from("abc"), _DOCUMENTS, max_size=3)


@given(_TREES, _TREES, _TREES)
def test_whatever_the_three_are_all_that_is_taken_is_offered_no_more(
    base: Any, mine: Any, theirs: Any
) -> None:
    found = offers(base, mine, theirs)
    taken = adopted(mine, theirs, [each.path for each in found])
    assert not offers(base, taken, theirs)
    assert not offers(answered(base, mine, theirs, [e.path for e in found]), mine, theirs)
    untouched = adopted(base, theirs, [each.path for each in offers(base, base, theirs)])
    assert _unordered(untouched) == _unordered(theirs)


def _unordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unordered(each) for name, each in value.items()}
    return set(value) if isinstance(value, list) else value
