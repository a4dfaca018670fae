"""Two folds of one record are told apart: what stays, moves, goes, comes."""

from __future__ import annotations

from msgspec.structs import replace

from processors.step import Fact
from projections.what_if.differences import Difference, Differences, Verdict
from projections.what_if.pairs import Pair, pairs
from streams.contracts.events.finding import FindingEnded, FindingRaised


def raised(finding_id: str, at: float = 10.0, **changed: object) -> Fact:
    data = FindingRaised(
        finding_id, "threshold", "warning", "cpu", 80.0, None, 75.0, at, "cpu is 80", 3
    )
    return Fact("default/a1", replace(data, **changed), at, finding_id)


def ended(finding_id: str, at: float) -> Fact:
    return Fact(
        "default/a1", FindingEnded(finding_id, "threshold", "cpu", "recovered", 5.0), at, finding_id
    )


def told(*found: Pair) -> list[Difference]:
    said: list[Difference] = []
    differences = Differences(said.append)
    for pair in found:
        differences.add(pair)
    differences.finish()
    return said


def test_a_fact_is_found_again_whatever_stands_before_it() -> None:
    first, second = raised("f1", metric="cpu"), raised("f2", metric="disk")
    found = list(pairs([(0, first), (1, second)], [second]))
    assert found == [Pair(second, second, 1), Pair(first, None, 0)]
    assert [pair.same for pair in found] == [True, False]


def test_another_policy_alone_is_no_difference() -> None:
    (pair,) = pairs([(0, raised("f1"))], [raised("f1", policy_version=9)])
    assert pair.same
    assert [each.verdict for each in told(pair)] == [Verdict.SAME]


def test_two_facts_alike_are_two() -> None:
    alike = raised("f1"), raised("f1")
    found = list(pairs([(0, alike[0]), (1, alike[1])], [alike[0]]))
    assert [(pair.ordinal, pair.after is None) for pair in found] == [(0, False), (1, True)]


def test_what_ends_without_its_counterpart_is_gone_or_added() -> None:
    found = told(
        Pair(raised("f1"), None, 0),
        Pair(ended("f1", 15.0), None, 0),
        Pair(None, raised("f2", 20.0)),
    )
    assert [(each.verdict, each.at) for each in found] == [
        (Verdict.GONE, 10.0),
        (Verdict.ADDED, 20.0),
    ]
    assert found[0].before is not None
    assert found[0].before["summary"] == "cpu is 80"


def test_what_comes_later_while_it_lasts_has_moved() -> None:
    (found,) = told(
        Pair(raised("f1"), None, 0),
        Pair(None, raised("f2", 40.0)),
        Pair(ended("f1", 50.0), None, 0),
    )
    assert (found.verdict, found.at, found.later_s) == (Verdict.MOVED, 10.0, 30.0)


def test_another_severity_at_the_same_moment_is_otherwise() -> None:
    (found,) = told(Pair(raised("f1"), raised("f1", severity="critical"), 0))
    assert found.verdict is Verdict.OTHERWISE
    assert found.after is not None
    assert found.after["severity"] == "critical"
