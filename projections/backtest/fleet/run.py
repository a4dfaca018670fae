"""A trial from its options to its files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from projections.backtest.fleet.plan import Plan, plan_of
from projections.backtest.fleet.quality import judged, measured, on_first_day, total
from projections.backtest.fleet.table import Report, as_bytes, as_markdown, command_of
from projections.backtest.fleet.trial import Heard, tried
from projections.backtest.fleet.trial import Report as Told
from streams.simulator.catalogue import CATALOGUE
from streams.simulator.scenario import Verdict

JSON: Final = "quality.json"
MARKDOWN: Final = "quality.md"
_LEAST_DAYS: Final = 0.1


def backtest_fleet(
    seed: int, scenarios: Sequence[str], agents: int, days: float, out: Path, told: Told
) -> tuple[Report, Heard]:
    """Try the detectors on a synthetic fleet, and write what came of it below `out`.

    Parameters
    ----------
    seed : int
        Of everything that is drawn.
    scenarios : sequence of str
        Names of the catalogue; empty for all.
    agents : int
        For each scenario, rounded up to whole hosts.
    days : float
        Simulated; faults come in the second half.
    out : Path
        A folder.
    told : callable
        Takes a line of progress every few seconds.

    Raises
    ------
    ValueError
        For a scenario that does not exist, or too short a time.
    """
    if days < _LEAST_DAYS:
        raise ValueError(f"days={days:g}; {_LEAST_DAYS:g} is the least: half to learn in")
    plan = plan_of(seed, scenarios or tuple(CATALOGUE), agents, days)
    heard = tried(plan, told)
    report = summed(plan, heard, command_of(plan, agents, scenarios))
    out.mkdir(parents=True, exist_ok=True)
    (out / JSON).write_bytes(as_bytes(report))
    (out / MARKDOWN).write_text(as_markdown(report), encoding="utf-8")
    return report, heard


def summed(plan: Plan, heard: Heard, command: str) -> Report:
    """Hold what was heard against what happened."""
    found = [(cohort, judged(plan, cohort, heard.findings)) for cohort in plan.cohorts]
    faults = [
        each
        for cohort, each in found
        if cohort.scenario and cohort.scenario.verdict in (Verdict.FAULT, Verdict.CHANGE)
    ]
    rows = [measured(plan, cohort, each) for cohort, each in found]
    return Report(
        command=command,
        seed=plan.seed,
        days=plan.days,
        agents=len(plan.fleet),
        heartbeats=heard.heartbeats,
        calm=rows[0],
        first_day=on_first_day(plan, plan.cohorts[0], heard.findings),
        faults=total(plan, "all faults", "faults and changes", faults),
        everything=total(plan, "everything", "calm agents too", [each for _, each in found]),
        scenarios=rows[1:],
    )
