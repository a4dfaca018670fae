"""Hours add up to the same bits however the log is cut into batches."""

from __future__ import annotations

import random
from typing import Any

from projections.models import metric_hours
from projections.read_models.metric import hour_of, hourly
from projections.rows import Key, Row


def windows(count: int, seed: int) -> list[Row]:
    chance = random.Random(seed)
    return [
        {
            "tenant_id": "default", "agent_id": f"a{n % 3}", "metric": "x", "start": 60.0 * n,
            "count": chance.randint(1, 60), "mean": chance.uniform(0, 100),
            "minimum": 0.0, "maximum": 100.0, "last": chance.random(), "width_s": 60.0,
            "expected_low": None if n < 100 else chance.uniform(0, 40),
            "expected_high": None if n < 100 else chance.uniform(60, 100),
        }
        for n in range(count)
    ]  # fmt: skip


def folded(rows: list[Row], sizes: list[int]) -> dict[Key, Row]:
    stored: dict[Key, Row] = {}
    rest: list[Any] = list(rows)
    for size in sizes:
        batch, rest = rest[:size], rest[size:]
        for row in hourly(batch, stored):
            stored[tuple(row[column.name] for column in metric_hours.primary_key)] = row
    assert not rest
    return stored


def test_the_key_is_the_tables_own() -> None:
    window = windows(1, 0)[0]
    (row,) = hourly([window], {})
    assert hour_of(window) == tuple(row[column.name] for column in metric_hours.primary_key)


def test_any_cut_gives_the_same_bits() -> None:
    rows = windows(400, seed=1)
    whole = folded(rows, [400])
    chance = random.Random(2)
    for _ in range(20):
        sizes: list[int] = []
        while sum(sizes) < 400:
            sizes.append(min(chance.randint(1, 60), 400 - sum(sizes)))
        assert folded(rows, sizes) == whole
