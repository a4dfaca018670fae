"""An hour holds what its minutes hold, whenever it is added up, and until then they are asked."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce

import pytest
from sqlalchemy import Connection, Engine, func, select

from projections.database import writing
from projections.models import agent_hours, open_hours, window_blocks
from projections.queries.metrics import MetricPoint, MetricQuery, metric_history
from projections.read_models.metric import HOUR_S, Hour, added
from projections.retention import Retention
from projections.windows.blocks import write_windows
from projections.windows.hours import WAITED_S, add_up
from projections.windows.numbers import Numbers
from streams.contracts.events.agent import WindowsClosed

AGENTS = [f"default/a{n:03d}" for n in range(100)]


def window(start: float, chance: random.Random, metric: str = "x") -> WindowsClosed:
    names = chance.sample(AGENTS, 70)
    counts = [chance.randint(1, 60) for _ in names]
    low, mean, last, high = (
        list(column)
        for column in zip(
            *(sorted(chance.uniform(0, 100) for _ in range(4)) for _ in names), strict=True
        )
    )
    usual = low if start >= 1800.0 else [None] * len(names)
    return WindowsClosed(start, 60.0, metric, names, counts, mean, low, high, last, usual, usual)


def write(engine: Engine, closed: Sequence[WindowsClosed], sizes: Iterator[int]) -> None:
    numbers, rest = Numbers(), list(closed)
    while rest:
        size = next(sizes)
        with writing(engine) as connection:
            write_windows(connection, rest[:size], numbers)
        rest = rest[size:]


def asked(engine: Engine, agent: str, resolution: str, **limits: float) -> list[MetricPoint]:
    query = replace(MetricQuery("x", 0.0, 1e9, resolution), **limits)
    with engine.connect() as connection:
        return metric_history(connection, "default", agent, query)


def folded(closed: Sequence[WindowsClosed], agent: str) -> list[Hour]:
    hours: dict[float, list[Hour]] = {}
    for w in closed:
        if f"default/{agent}" in w.agents:
            n = w.agents.index(f"default/{agent}")
            measured = (w.count[n], w.mean[n], w.minimum[n], w.maximum[n], w.last[n])
            bounds = (w.expected_low[n], w.expected_high[n])
            hours.setdefault(w.start // HOUR_S, []).append((*measured, *bounds, w.start))
    return [reduce(added, parts) for parts in hours.values()]


def test_hours_are_the_same_before_and_after_they_are_added_up(engine: Engine) -> None:
    chance = random.Random(1)
    closed = [window(60.0 * n, chance, m) for n in range(150) for m in ("x", "y")]
    write(engine, closed, iter(lambda: chance.randint(1, 9), 0))
    before = {agent: asked(engine, agent, "hour") for agent in ("a000", "a099")}
    with writing(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(open_hours)) == 2 * 3
        add_up(connection, 2 * HOUR_S + WAITED_S - 60.0)
        assert connection.scalar(select(func.count()).select_from(open_hours)) == 2
    for agent, points in before.items():
        truth = folded([w for w in closed if w.metric == "x"], agent)
        assert [p.start for p in points] == [0.0, HOUR_S, 2 * HOUR_S]
        for point, after, whole in zip(points, asked(engine, agent, "hour"), truth, strict=True):
            exact = ("count", "minimum", "maximum", "last")
            assert [getattr(point, name) for name in exact] == [whole[n] for n in (0, 2, 3, 4)]
            for found in (point, after):
                assert found.mean == pytest.approx(whole[1], rel=1e-6)
                assert (found.expected_low, found.expected_high) == pytest.approx(whole[5:7])


def test_a_late_window_opens_its_hour_again(engine: Engine) -> None:
    chance = random.Random(2)
    closed = [window(60.0 * n, chance) for n in range(60)]
    write(engine, closed[:-1], iter([100]))
    with writing(engine) as connection:
        add_up(connection, 1e9)
    write(engine, closed[-1:], iter([100]))
    agent = closed[-1].agents[0].removeprefix("default/")
    (at_once,) = asked(engine, agent, "hour")
    with writing(engine) as connection:
        add_up(connection, 1e9)
    (later,) = asked(engine, agent, "hour")
    (whole,) = folded(closed, agent)
    assert at_once.count == later.count == whole[0]


def test_minutes_are_deleted_when_their_hours_are_added_up_a_few_at_once(engine: Engine) -> None:
    chance = random.Random(3)
    closed = [window(start, chance) for start in (0.0, 60.0, 3600.0, 8 * 86_400.0)]
    write(engine, closed, iter([100]))
    newest, retention = closed[-1].start, Retention()
    with writing(engine) as connection:
        retention.apply(connection, newest, 1000)
        assert kept(connection) == [0.0, 0.0, 60.0, 60.0, 3600.0, 3600.0, newest, newest]
        add_up(connection, newest, 2)
        retention.apply(connection, newest + 60.0, 3)
        assert kept(connection) == [60.0, 3600.0, 3600.0, newest, newest]
        retention.apply(connection, newest + 60.0, 3)
        assert kept(connection) == [3600.0, 3600.0, newest, newest]
        add_up(connection, newest)
        retention.apply(connection, newest + 120.0, 3)
        assert kept(connection) == [newest, newest]
        assert set(connection.execute(select(agent_hours.c.start)).scalars()) == {0.0, 3600.0}


def kept(connection: Connection) -> list[float]:
    return sorted(connection.execute(select(window_blocks.c.start)).scalars())


def test_what_is_read_by_then_leaves_out_what_was_not_over(engine: Engine) -> None:
    chance = random.Random(4)
    closed = [window(60.0 * n, chance) for n in range(90)]
    write(engine, closed, iter([100]))
    agent = max(AGENTS, key=lambda key: sum(key in w.agents for w in closed))[len("default/") :]
    minutes = asked(engine, agent, "minute")
    assert asked(engine, agent, "minute", closed_by=1800.0) == [
        point for point in minutes if point.start < 1800.0
    ]
    assert len(asked(engine, agent, "hour", closed_by=HOUR_S)) == 1
    assert asked(engine, agent, "hour", closed_by=HOUR_S - 1.0) == []
