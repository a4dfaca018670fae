"""The table of quality: the same bytes for a seed, and true to what happened."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import msgspec
import pytest

from projections.backtest.fleet.plan import plan_of
from projections.backtest.fleet.quality import judged, measured
from projections.backtest.fleet.run import JSON, MARKDOWN, backtest_fleet
from projections.backtest.fleet.table import Report, as_markdown
from projections.backtest.fleet.trial import Raised
from streams.simulator.catalogue import CATALOGUE
from streams.simulator.scenario import Verdict

HOUR = 3600.0


def quiet(_: str) -> None:
    """Say nothing."""


def written(out: Path, *scenarios: str, seed: int = 3) -> dict[str, bytes]:
    backtest_fleet(seed, scenarios, 1, 0.1, out, quiet)
    return {name: (out / name).read_bytes() for name in (JSON, MARKDOWN)}


def test_a_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first = written(tmp_path / "first", "silence")
    assert first == written(tmp_path / "second", "silence")
    report = msgspec.json.decode(first[JSON], type=Report)
    assert as_markdown(report).encode() == first[MARKDOWN]
    (silence,) = report.scenarios
    assert (silence.recall.value, list(silence.first_kinds)) == (1.0, ["agent_offline"])


def test_an_agent_fares_the_same_whoever_is_beside_it() -> None:
    alone = plan_of(3, ["flap"], 4, 14)
    among = plan_of(3, ["leak_fast", "flap", "cascade"], 4, 14)

    def spans(plan, name):
        (cohort,) = (each for each in plan.cohorts if each.name == name)
        first = cohort.places[0]
        return [(f.start, f.end, [p - first for p in f.agents]) for f in cohort.faults]

    assert spans(alone, "flap") == spans(among, "flap")


@pytest.mark.parametrize("name", [n for n, each in CATALOGUE.items() if each.effects])
def test_every_fault_is_over_before_the_next_and_within_the_judged_days(name: str) -> None:
    plan = plan_of(1, [name], 8, 21)
    faults = plan.cohorts[1].faults
    assert {place for fault in faults for place in fault.agents} == set(plan.cohorts[1].places)
    for place in plan.cohorts[1].places:
        own = [fault for fault in faults if place in fault.agents]
        assert plan.since <= own[0].start
        assert own[-1].end <= plan.until
        for before, after in itertools.pairwise(own):
            assert before.end + 3 * HOUR <= after.start


def outcome(name: str, *raised: tuple[float, str]):
    """Return how findings (hours from the first fault on, kind) of its first agent are judged."""
    plan = plan_of(1, [name], 4, 21)
    cohort = plan.cohorts[1]
    fault = cohort.faults[0]
    agent = plan.fleet.ids[fault.agents[0]]
    found = [
        Raised(fault.start + hours * HOUR, agent, kind, ("memory_usage",)) for hours, kind in raised
    ]
    return fault, measured(plan, cohort, judged(plan, cohort, found))


def test_what_is_raised_in_time_has_caught_it() -> None:
    _, found = outcome("leak_fast", (-1.0, "anomaly"), (0.5, "shift"), (1.0, "trend"))
    assert (found.caught, found.named, found.seconds_p50) == (1, 1, 1800.0)
    assert (found.first_kinds, found.kinds) == ({"shift": 1}, {"shift": 1, "trend": 1})
    assert (found.false_kinds, found.pointed) == ({"anomaly": 1}, 1)
    assert found.precision.value == pytest.approx(2 / 3, abs=1e-4)
    assert found.recall.value == pytest.approx(1 / found.events, abs=1e-4)


def test_a_kind_that_does_not_name_it_has_caught_it_all_the_same() -> None:
    _, found = outcome("stuck", (1.0, "trend"))
    assert (found.caught, found.named, found.pointed) == (1, 0, 0)


def test_what_follows_an_event_counts_neither_way() -> None:
    _, found = outcome("spike", (1.0, "shift"), (5.0, "shift"))
    assert (found.caught, found.false_kinds) == (0, {"shift": 1})


def test_whatever_is_said_of_what_is_benign_is_false() -> None:
    _, found = outcome("busy_day", (1.0, "anomaly"))
    assert (found.events, found.false_kinds) == (0, {"anomaly": 1})


def test_what_is_notable_counts_neither_way() -> None:
    _, found = outcome("marketing_peak", (1.0, "anomaly"), (20.0, "shift"))
    assert (found.events, found.precision.value) == (0, None)
    assert found.false_kinds == {"shift": 1}


def test_a_change_is_told_once_and_then_the_new_normal() -> None:
    assert CATALOGUE["deploy"].verdict is Verdict.CHANGE
    _, found = outcome("deploy", (1.0, "shift"), (30.0, "shift"))
    assert (found.caught, found.false_kinds) == (1, {"shift": 1})


def test_an_unknown_scenario_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'storm' is unknown; see homeostat simulate --list"):
        backtest_fleet(1, ["storm"], 1, 2, tmp_path, quiet)


def test_no_day_is_too_short(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"days=0; 0\.1 is the least"):
        backtest_fleet(1, [], 1, 0, tmp_path, quiet)


def test_what_chance_would_catch_is_told_beside_what_was_caught() -> None:
    _, quiet_one = outcome("crypto_mining", (1.0, "anomaly"))
    hours = [20.0, 20.0, *range(21, 30)]
    _, loud = outcome("crypto_mining", *((hour, "anomaly") for hour in hours))
    assert quiet_one.chance == 0.0
    assert loud.caught == 0
    assert loud.false_kinds == {"anomaly": 11}
    weeks = 11 / loud.false_per_week.value
    # Ten moments, two of the findings being of one; events last 8 to 16 hours.
    assert (
        1 - math.exp(-10 / weeks * 8 / 168) <= loud.chance <= 1 - math.exp(-10 / weeks * 17 / 168)
    )


def test_the_table_that_is_kept_has_every_scenario_and_the_command_that_repeats_it() -> None:
    page = Path("tests/benchmarks/quality.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip(" `") for line in page.splitlines() if line.startswith("| `")}
    assert set(CATALOGUE) | {"calm"} <= rows
    assert "`homeostat backtest fleet --seed 1 --agents " in page
