"""Hours add up to the same bits however the log is cut into batches."""

from __future__ import annotations

import random

from projections.models import agent_hours
from projections.read_models.metric import by_agent, hourly, hours_of
from projections.rows import Key, Row
from streams.contracts.events.agent import WindowsClosed

AGENTS = [f"default/a{n}" for n in range(3)]


def windows(count: int, seed: int) -> list[WindowsClosed]:
    chance = random.Random(seed)
    return [one(chance, 60.0 * (n // 2), ("x", "y")[n % 2], learnt=n >= 100) for n in range(count)]


def one(chance: random.Random, start: float, metric: str, *, learnt: bool) -> WindowsClosed:
    counts = [chance.randint(1, 60) for _ in AGENTS]
    means, lasts, lows, highs = (
        [chance.uniform(*span) for _ in AGENTS] for span in ((0, 100), (0, 1), (0, 40), (60, 100))
    )
    usual = (lows, highs) if learnt else ([None, None, None], [None, None, None])
    low, high = [0.0, 0.0, 0.0], [100.0, 100.0, 100.0]
    return WindowsClosed(start, 60.0, metric, AGENTS, counts, means, low, high, lasts, *usual)


def key_of(row: Row) -> Key:
    return tuple(row[column.name] for column in agent_hours.primary_key)


def folded(closed: list[WindowsClosed], sizes: list[int]) -> dict[Key, Row]:
    stored: dict[Key, Row] = {}
    rest = list(closed)
    for size in sizes:
        batch, rest = rest[:size], rest[size:]
        hours = {key_of(row): row for row in hourly(batch, stored)}
        assert hours.keys() == hours_of(batch)
        stored |= hours
    assert not rest
    return stored


def test_a_window_is_one_row_with_all_metrics() -> None:
    rows = by_agent(windows(4, 0))
    assert [(row["agent_id"], row["start"]) for row in rows] == [
        (f"a{n}", start) for n in range(3) for start in (0.0, 60.0)
    ]
    assert all(set(row["metrics"]) == {"x", "y"} and row["width_s"] == 60.0 for row in rows)


def test_any_cut_gives_the_same_bits() -> None:
    closed = windows(400, seed=1)
    whole = folded(closed, [400])
    chance = random.Random(2)
    for _ in range(20):
        sizes: list[int] = []
        while sum(sizes) < 400:
            sizes.append(min(chance.randint(1, 60), 400 - sum(sizes)))
        assert folded(closed, sizes) == whole
