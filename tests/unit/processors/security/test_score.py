"""Points that threats take, and what time gives back of them."""

from __future__ import annotations

import pytest

from config.threats import SecurityPolicy
from processors.security.score import FULL, Issue, Standing, Trust, trust

POLICY = SecurityPolicy(recovery_per_hour=10.0, quarantine_at=20.0)
HOUR_S = 3600.0


def issue(finding_id: str, points: float) -> Issue:
    return Issue(finding_id, "rule", "", "access", "high", points, "", 0.0)


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (80.0, Trust.SECURE), (79.9, Trust.GUARDED), (50.0, Trust.GUARDED),
        (49.9, Trust.AT_RISK), (20.1, Trust.AT_RISK), (20.0, Trust.CRITICAL),
    ],
)  # fmt: skip
def test_where_a_level_begins(score: float, level: Trust) -> None:
    assert trust(score, POLICY) is level


def test_nothing_is_won_back_while_anything_is_open() -> None:
    standing = Standing()
    standing.lose(POLICY, issue("a", 30.0), 0.0)
    standing.lose(POLICY, issue("b", 10.0), 0.0)
    standing.end(POLICY, "a", HOUR_S)
    assert standing.now(POLICY, 9 * HOUR_S) == 60.0
    standing.end(POLICY, "b", 10 * HOUR_S)
    assert standing.now(POLICY, 11 * HOUR_S) == 70.0
    assert standing.now(POLICY, 99 * HOUR_S) == FULL


def test_of_what_ended_the_latest_twenty_are_kept_and_all_that_is_open() -> None:
    standing = Standing()
    standing.lose(POLICY, issue("open", 1.0), 0.0)
    for number in range(30):
        standing.lose(POLICY, issue(f"{number}", 0.0), 0.0)
        standing.end(POLICY, f"{number}", 0.0)
    standing.lose(POLICY, issue("last", 1.0), 0.0)
    kept = [each.finding_id for each in standing.issues]
    assert kept == [*(f"{number}" for number in range(10, 30)), "open", "last"]


def test_it_is_news_with_each_step_and_where_a_level_begins() -> None:
    standing = Standing()
    standing.lose(POLICY, issue("a", 22.0), 0.0)
    standing.tell(POLICY, 0.0)
    assert standing.news_at(POLICY) == float("inf")
    standing.end(POLICY, "a", 0.0)
    assert standing.news_at(POLICY) == pytest.approx(0.2 * HOUR_S)  # 80 is secure again
    standing.tell(POLICY, 0.2 * HOUR_S)
    assert standing.news_at(POLICY) == pytest.approx(0.7 * HOUR_S)  # five more points
