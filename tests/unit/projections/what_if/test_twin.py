"""Recorded histories of surveillance, folded under another policy."""

from __future__ import annotations

from collections import Counter

import pytest
from msgspec.structs import replace

from config.policy import Policy, default_policy
from processors.surveillance.step import Surveillance
from projections.what_if.differences import Difference, Differences, Verdict
from projections.what_if.twin import Twin
from tests.histories.surveillance.surveillance_histories import CONTEXT, HISTORIES

POLICY = default_policy()


def warning_at(level: float) -> Policy:
    watch = POLICY.surveillance
    changed = [
        replace(t, warning=level) if t.metric == "cpu_usage" else t for t in watch.thresholds
    ]
    return replace(POLICY, surveillance=replace(watch, thresholds=changed))


def told(name: str, candidate: Policy, first: int = 0, size: int = 1000) -> list[Difference]:
    """Fold a history, the candidate in force from its record `first` on."""
    records, found = HISTORIES[name]().records, []
    twin, differences = Twin(Surveillance(), CONTEXT), Differences(found.append)
    twin.learn(records[:first])
    followed = list(twin.fork(candidate, records[first]))
    for begin in range(first, len(records), size):
        followed += twin.fold(records[begin : begin + size])
    for each in followed:
        differences.add(each.pair)
    differences.finish()
    return found


def of(found: list[Difference], what: str = "finding") -> Counter[str]:
    return Counter(each.verdict.value for each in found if each.what == what)


@pytest.mark.parametrize("name", ["silence", "life", "redrive"])
@pytest.mark.parametrize("first", [0, 3])
def test_the_policy_that_was_in_force_changes_nothing(name: str, first: int) -> None:
    assert {each.verdict for each in told(name, POLICY, first)} <= {Verdict.SAME}


def test_the_policy_that_was_in_force_begins_no_wait_anew() -> None:
    """A threshold is exceeded for thirty seconds of its sixty when the candidate comes."""
    records = HISTORIES["limits"]().records
    begun = next(
        n for n, r in enumerate(records) if n > 30 and b'"cpu_usage":80' in (r.value or b"")
    )
    changed = max(r.timestamp for r in records if b"policy.changed" in (r.value or b""))
    found = told("limits", POLICY, begun + 12)
    assert {each.verdict for each in found if each.at < changed} == {Verdict.SAME}


def test_a_raised_threshold_takes_findings_away() -> None:
    found = told("limits", warning_at(85.0))
    first = next(each for each in found if each.verdict is Verdict.MOVED)
    assert first.later_s > 0
    assert of(found)["gone"] >= 1
    assert of(found)["added"] == 0


def test_a_recorded_change_of_policy_is_no_part_of_the_candidate() -> None:
    """The history tightens its limits at last; under the first ones their findings are gone."""
    found = told("limits", POLICY)
    assert of(found)["same"] >= 1
    assert of(found)["gone"] + of(found)["moved"] >= 1


def test_how_the_log_is_cut_makes_no_difference() -> None:
    assert told("limits", warning_at(85.0), 3, 7) == told("limits", warning_at(85.0), 3)
