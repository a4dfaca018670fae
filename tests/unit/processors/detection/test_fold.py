"""The same bits, whether values are folded one by one or as vectors, and however they are cut."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest

from processors.detection import fold
from processors.detection.course import COURSE_MEMORY
from processors.detection.fold import Promise, Values, see, tell
from processors.detection.memory import SERIES_MEMORY, OwnAgents, OwnSeries, accept
from processors.detection.series import Series
from processors.detection.tuning import TUNING

AGENTS, METRICS, ROUNDS = 5, 4, 400
PROMISE = Promise(7.0, 4.0)


HIGH = Series._fields.index("high") - 1


def world(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return values (rounds, agents, metrics) with seasons, faults and flat lines; and times."""
    rng = np.random.default_rng(seed)
    at = 1_700_000_000.0 + np.cumsum(rng.uniform(1.0, 1500.0, (ROUNDS, AGENTS)), axis=0)
    wave = 20.0 * np.sin(at / 86400.0 * 2 * np.pi)[:, :, None]
    value = 50.0 + wave + rng.standard_t(3, (ROUNDS, AGENTS, METRICS))
    value[:, :, 1] = rng.poisson(0.1, (ROUNDS, AGENTS)) * 1e9
    value[:, :, 2] = 7.0
    value[300:330, 2] *= 4.0
    return value, at


def folded(value: np.ndarray, at: np.ndarray, few: int) -> tuple[OwnSeries, OwnAgents, list[bytes]]:
    """Fold all agents round by round; below `few` values one by one."""
    series, agents, told = OwnSeries(), OwnAgents(), []
    series.take_block(AGENTS * METRICS)
    agents.take_block(AGENTS)
    with patch.object(fold, "FEW", few):
        for row, when in zip(value, at, strict=True):
            record = np.repeat(np.arange(AGENTS), METRICS)
            v = Values(np.arange(AGENTS * METRICS), row.ravel(), record, np.arange(AGENTS), when)
            found = tell(TUNING, agents, v, see(TUNING, series, v), PROMISE)
            told.append(b"".join(column.tobytes() for column in found))
    return series, agents, told


@pytest.mark.parametrize("seed", [1, 2])
def test_single_values_and_vectors_leave_the_same_bits(seed: int) -> None:
    value, at = world(seed)
    one, all_ = folded(value, at, few=10**9), folded(value, at, few=0)
    assert one[2] == all_[2]
    assert one[0].dump() == all_[0].dump()
    assert one[1].dump() == all_[1].dump()


def test_agents_do_not_touch_each_other() -> None:
    value, at = world(3)
    series, agents, _ = folded(value, at, few=0)
    value[:, 1:] = 0.0
    alone_series, alone, _ = folded(value, at, few=0)
    assert alone.evidence[0].tobytes() == agents.evidence[0].tobytes()
    assert alone_series.known[:METRICS].tobytes() == series.known[:METRICS].tobytes()


def test_accepting_moves_the_level_and_forgets_nothing_seen() -> None:
    value, at = world(4)
    series, _, _ = folded(value, at, few=0)
    top = series.expected + series.known[:, HIGH]
    rows = np.arange(METRICS)
    accept(series, rows, 0.0)
    after = series.expected + series.known[:, HIGH]
    np.testing.assert_allclose(after[rows], top[rows], rtol=1e-5)
    assert (series.known[rows, 0] <= 50.0).all()


def test_memory_of_ten_metrics_stays_small() -> None:
    blanks = [each for spec in (SERIES_MEMORY, COURSE_MEMORY) for each in spec.values()]
    per_series = sum(np.full(1, blank, dtype=kind).nbytes if not isinstance(blank, tuple)
                     else np.array(blank, dtype=kind).nbytes for kind, blank in blanks)  # fmt: skip
    agents = OwnAgents()
    per_agent = sum(getattr(agents, n).nbytes for n in agents.SPEC) / len(agents.judged_at)
    assert 10 * per_series + per_agent <= 2048
