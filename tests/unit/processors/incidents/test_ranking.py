"""Who is named first, and why."""

from __future__ import annotations

import pytest

from processors.incidents.ranking import Node, Shown, confidence, rank, strength

DOWN = (Shown("service_down up", 1.0, gone=True),)


def slow(mark: float) -> tuple[Shown, ...]:
    return (Shown("anomaly latency", mark),)


def names(nodes: list[Node], needs: dict[str, list[str]]) -> list[str]:
    return [each.agent for each in rank(nodes, needs)]


def test_what_is_gone_accounts_for_whatever_its_users_show() -> None:
    nodes = [Node("web", 0.0, slow(0.9)), Node("db", 5.0, DOWN)]
    first, second = rank(nodes, {"web": ["db"]})
    assert (first.agent, first.explained_by, first.reach) == ("db", "", 1)
    assert (second.agent, second.explained_by, second.place) == ("web", "db", 0)


def test_a_slow_dependency_accounts_for_a_slow_agent_but_not_for_a_full_disk() -> None:
    full = Node("web", 0.0, (*slow(0.6), Shown("disk_pressure disk", 0.95)))
    nodes = [full, Node("db", 0.0, slow(0.7))]
    assert {e.agent: e.explained_by for e in rank(nodes, {"web": ["db"]})} == {"web": "", "db": ""}


def test_a_faint_sign_below_does_not_excuse_a_loud_one_above() -> None:
    nodes = [Node("web", 0.0, slow(0.9)), Node("db", 0.0, slow(0.2))]
    assert names(nodes, {"web": ["db"]}) == ["web", "db"]


def test_agents_that_need_each_other_are_told_apart_by_strength_and_time() -> None:
    needs = {"a": ["b"], "b": ["a"]}
    assert names([Node("a", 1.0, slow(0.5)), Node("b", 0.0, slow(0.5))], needs) == ["b", "a"]
    assert names([Node("a", 1.0, slow(0.9)), Node("b", 0.0, slow(0.5))], needs) == ["a", "b"]


def test_ties_are_broken_by_name_so_that_every_replay_says_the_same() -> None:
    nodes = [Node(name, 0.0, DOWN) for name in "cab"]
    assert names(nodes, {}) == ["a", "b", "c"]
    assert names(nodes[::-1], {}) == ["a", "b", "c"]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_confidence_is_shared_among_those_that_look_alike(count: int) -> None:
    ranking = rank([Node(f"a{n}", 0.0, DOWN) for n in range(count)], {})
    assert confidence(ranking, 5) == pytest.approx(1 / count)


def test_strength_goes_by_range_where_there_is_one_and_by_severity_else() -> None:
    marks = [strength(s, 0.0, gone=False) for s in ("info", "warning", "high", "critical")]
    assert marks == sorted(marks)
    assert strength("info", 50.0, gone=False) > strength("critical", 0.0, gone=False)
    assert strength("odd", 0.0, gone=False) == strength("info", 0.0, gone=False)
