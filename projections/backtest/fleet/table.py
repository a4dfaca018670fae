"""The table of quality, as Markdown and as JSON: the same bytes for the same trial."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from projections.backtest.fleet.plan import Plan
from projections.backtest.fleet.quality import Interval, Measured
from streams.simulator.scenario import Verdict

_HEAD: Final = (
    "scenario", "verdict", "events", "caught", "named", "pointed at", "recall (95 %)",
    "by chance", "p50", "p95", "first told by", "precision", "false alarms per agent-week (95 %)",
)  # fmt: skip
_UNITS: Final = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))


class Report(msgspec.Struct, frozen=True):
    """Everything that a trial says."""

    command: str
    seed: int
    days: float
    agents: int
    heartbeats: int
    calm: Measured
    first_day: dict[str, int]
    faults: Measured
    everything: Measured
    scenarios: list[Measured]


def as_bytes(report: Report) -> bytes:
    """Return `report` as JSON."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def as_markdown(report: Report) -> str:
    """Return `report` as a page for people."""
    parts = [*_introduction(report), ""]
    rows = [report.calm, *report.scenarios, report.faults, report.everything]
    parts += _table(_HEAD, [_row(each) for each in rows])
    parts += ["", "## What the scenarios are", ""]
    says = [
        (f"`{each.name}`", each.says, ", ".join(each.expects) or _silence(each))
        for each in report.scenarios
    ]
    parts += _table(("scenario", "what happens", "a good system says"), says)
    parts += ["", "## False alarms by kind, per agent-week", ""]
    parts += _table(("kind", "calm agents", "all agents"), _false(report))
    first = ", ".join(f"{kind} {count}" for kind, count in report.first_day.items()) or "none"
    parts += [
        "",
        f"On the first day, when all was new, {report.calm.agents} calm agents had: {first}.",
    ]
    return "\n".join(parts) + "\n"


def as_lines(report: Report) -> Iterable[str]:
    """Yield the main figures for a terminal, a line for each scenario."""
    yield f"{'scenario':22}{'caught':>9}{'recall':>8}{'p50':>10}{'p95':>10}{'false/week':>12}"
    for m in (report.calm, *report.scenarios, report.faults, report.everything):
        caught = f"{m.caught}/{m.events}" if m.events else ""
        recall = "" if m.recall.value is None else f"{m.recall.value:.2f}"
        false = "" if m.false_per_week.value is None else f"{m.false_per_week.value:.2f}"
        p50, p95 = span(m.seconds_p50), span(m.seconds_p95)
        yield f"{m.name:22}{caught:>9}{recall:>8}{p50:>10}{p95:>10}{false:>12}"


def _introduction(report: Report) -> list[str]:
    return [
        "# Quality of detection",
        "",
        f"Written by `{report.command}`: the surveillance step as it runs live, under the",
        f"policy that ships, on {report.agents} synthetic agents, for {report.days:g} days and",
        f"{report.heartbeats:,} heartbeats. Only the second half of the days",
        "is judged; in the first nothing happens, and everything is learnt. A test writes a small",
        "cut of it twice, and compares the bytes.",
        "",
        "*Caught*: any finding was raised while it lasted; *named*: one of a kind that a good",
        "system says; *pointed at*: one whose drivers have a metric that shows it. *By chance*:",
        "the recall that as many false alarms would reach at moments drawn by lot. *p50*, *p95*:",
        "time from the beginning of an event to its first finding.",
        "*Precision*: findings that were right, of all of these agents. False alarms: outside of",
        "all events, on these agents. Intervals: 95 % by bootstrap over events, or over agents.",
        "A *change* is to be told once and then is the new normal; what is *notable* counts",
        "neither way; whatever is said of what is *benign* is false.",
    ]


def _silence(each: Measured) -> str:
    return "nothing" if each.verdict == Verdict.BENIGN else "as it likes"


def _row(m: Measured) -> tuple[str, ...]:
    told = ", ".join(f"{kind} {count}" for kind, count in list(m.first_kinds.items())[:3])
    name = f"**{m.name}**" if m.verdict == "total" else f"`{m.name}`"
    counts = (m.events, m.caught, m.named, m.pointed) if m.events else ("",) * 4
    return (
        name,
        m.verdict,
        *map(str, counts),
        _interval(m.recall, 2),
        "" if m.chance is None else f"{m.chance:.2f}",
        span(m.seconds_p50),
        span(m.seconds_p95),
        told,
        "" if m.precision.value is None else f"{m.precision.value:.2f}",
        _interval(m.false_per_week, 1),
    )


def _interval(found: Interval, places: int) -> str:
    if found.value is None:
        return ""
    value, low, high = (f"{x:.{places}f}" for x in found)
    return f"{value} ({low} to {high})"


def span(seconds: float | None) -> str:
    """Return a span of time for people.

    Examples
    --------
    >>> span(90.0), span(7200.0), span(None)
    ('1.5 min', '2.0 h', '')
    """
    if seconds is None:
        return ""
    for length, name in _UNITS:
        if seconds >= length:
            return f"{seconds / length:.1f} {name}"
    return f"{seconds:.0f} s"


def _false(report: Report) -> list[tuple[str, ...]]:
    every = report.everything
    return [(kind, _rate(report.calm, kind), _rate(every, kind)) for kind in every.false_kinds]


def _rate(m: Measured, kind: str) -> str:
    """Return the part of a rate of false alarms that one kind has."""
    share = m.false_kinds.get(kind, 0) / max(1, sum(m.false_kinds.values()))
    return f"{share * (m.false_per_week.value or 0.0):.2f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    lines += [" | ".join(row) for row in rows]
    return [f"| {line} |" for line in lines]


def command_of(plan: Plan, agents: int, scenarios: Sequence[str]) -> str:
    """Return the command that repeats a trial."""
    chosen = f" --scenarios {','.join(scenarios)}" if scenarios else ""
    asked = f"--seed {plan.seed} --agents {agents} --days {plan.days:g}{chosen}"
    return f"homeostat backtest fleet {asked}"
