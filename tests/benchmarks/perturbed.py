"""How much of what the detector finds hangs on units, clocks, cadences and neighbours.

``python -m tests.benchmarks.perturbed DATA [--only WORDS]``: the machines of SMD and ASD
(`tests.benchmarks.labelled`) as they are, and changed as other collectors would change them. It
takes minutes of one core.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from tests.benchmarks.labelled import Bools, Caught, Floats, Labelled, fit, runs, servers
from tests.benchmarks.together import Together

HOUR_S, DAY_S = 3600.0, 86400.0
AT_ONCE: Final = 24
"""Changes judged in step: more are quicker, and take more memory."""
Change = Callable[[Labelled], Labelled]


def _marked(m: Labelled) -> Bools:
    marked = np.zeros(len(m.at), bool)
    for first, end in m.spans:
        marked[first : end + 1] = True
    return marked


def later(seconds: float) -> Change:
    """Return a change of the clock, or of the hour in which a life begins."""
    return lambda m: m._replace(at=m.at + seconds)


def valued(make: Callable[[Floats], Floats]) -> Change:
    """Return a change of values."""
    return lambda m: m._replace(values=make(m.values))


def picked(pick: Callable[[Labelled], Floats], pace: float = 1.0) -> Change:
    """Return a choice of rows, by their places; a record comes every `pace` times as long."""

    def change(m: Labelled) -> Labelled:
        rows = pick(m).astype(np.int64)
        judged_from = int(np.searchsorted(rows, m.judged_from))
        spans, step_s = runs(_marked(m)[rows]), m.step_s * pace
        return Labelled(m.name, m.at[rows], m.values[rows], spans, judged_from, step_s)

    return change


def means(rows: int) -> Change:
    """Return means of so many rows each, as a slower collector would tell them."""

    def change(m: Labelled) -> Labelled:
        whole = len(m.at) // rows * rows
        values = m.values[:whole].reshape(-1, rows, m.values.shape[1]).mean(axis=1)
        spans = runs(_marked(m)[:whole].reshape(-1, rows).any(axis=1))
        begin = -(-m.judged_from // rows)
        return Labelled(m.name, m.at[:whole:rows], values, spans, begin, m.step_s * rows)

    return change


def _chance(seed: int, size: int | tuple[int, ...]) -> Floats:
    return np.random.default_rng(seed).random(size)


def _missing(share: float) -> Change:
    return valued(lambda x: np.where(_chance(4, x.shape) < share, np.nan, x))


def _outages(m: Labelled) -> Floats:
    length = int(6 * HOUR_S / m.step_s)
    kept = np.ones(len(m.at), bool)
    for first in (_chance(7, 6) * (len(kept) - length)).astype(int).tolist():
        kept[first : first + length] = False
    return np.flatnonzero(kept).astype(np.float64)


def _whole(steps: float) -> Change:
    def change(values: Floats) -> Floats:
        reach = np.ptp(values, axis=0)
        return np.round(values / np.where(reach > 0.0, reach, 1.0) * steps)

    return valued(change)


def _beside(metrics: int, spread: float) -> Change:
    def change(values: Floats) -> Floats:
        draw = np.random.default_rng(8)
        return np.hstack([values, draw.normal(50.0, spread, (len(values), metrics))])

    return valued(change)


def _some(share: float) -> Change:
    def change(values: Floats) -> Floats:
        width = values.shape[1]
        return values[:, np.sort(np.argsort(_chance(1, width))[: int(width * share)])]

    return valued(change)


def _young(days: float) -> Change:
    return picked(lambda m: np.arange(m.judged_from - int(days * DAY_S / m.step_s), len(m.at)))


CHANGES: Final[dict[str, Change]] = {
    "as they are": lambda m: m,
    "a week later": later(7 * DAY_S),
    "from another hour on": later(5 * HOUR_S + 1020.0),
    "in millions": valued(lambda x: x * 1e-6),
    "each metric in a unit of its own": valued(
        lambda x: x * 10.0 ** np.floor(19.0 * _chance(1, x.shape[1]) - 9.0)
    ),
    "upside down": valued(lambda x: -x),
    "metrics in reverse": valued(lambda x: x[:, ::-1]),
    "plus their range": valued(lambda x: x + np.ptp(x, axis=0)),
    "plus ten of their ranges": valued(lambda x: x + 10.0 * np.ptp(x, axis=0)),
    "as whole numbers to 20": _whole(20.0),
    "in single precision": valued(lambda x: x.astype(np.float32).astype(np.float64)),
    "every second record": picked(lambda m: np.arange(0, len(m.at), 2), 2.0),
    "every fifth record": picked(lambda m: np.arange(0, len(m.at), 5), 5.0),
    "means of five records": means(5),
    "30 % of records lost": picked(lambda m: np.flatnonzero(_chance(2, len(m.at)) >= 0.3)),
    "six outages of six hours": picked(_outages),
    "5 % of records twice": picked(
        lambda m: np.repeat(np.arange(len(m.at)), 1 + (_chance(3, len(m.at)) < 0.05))
    ),
    "30 % of values missing": _missing(0.3),
    "ten constants beside": _beside(10, 0.0),
    "ten metrics of noise beside": _beside(10, 5.0),
    "each metric twice": valued(lambda x: np.hstack([x, x])),
    "half of the metrics": _some(0.5),
    "known for 7 days": _young(7.0),
    "known for a day": _young(1.0),
}


def told(fits: list[Caught]) -> str:
    """Return measures of some machines as cells of a table."""
    caught, events = sum(each.caught for each in fits), sum(each.events for each in fits)
    rates = " ".join(f"{each.false_per_day:.2f}" for each in fits)
    return f"{np.mean([each.precision for each in fits]):.3f} | {caught}/{events} | {rates}"


def main() -> None:
    """Print a line for each change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", default="", help="of changes that have these words")
    asked = parser.parse_args()
    sets = [list(servers(asked.data / name)) for name in ("smd", "asd")]
    names = [name for name in CHANGES if asked.only in name]
    print("| | SMD AP | events | false alarms a day | ASD AP | events | false alarms a day |")
    print(f"|---|{'---|' * 6}")
    for first in range(0, len(names), AT_ONCE):
        some = names[first : first + AT_ONCE]
        changed = [CHANGES[name](m) for name in some for machines in sets for m in machines]
        judged = iter(Together(changed).judged())
        machine = iter(changed)
        for name in some:
            fits = [[fit(next(machine), *next(judged)) for _ in machines] for machines in sets]
            print(f"| {name} | {told(fits[0])} | {told(fits[1])} |", flush=True)


if __name__ == "__main__":
    main()
