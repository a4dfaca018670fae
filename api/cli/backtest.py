"""`homeostat backtest`: the detector tried on what was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import to_builtins

from api.cli.client import NO, USAGE, CommandError
from api.cli.options import AsJson
from api.cli.running import run
from api.cli.show import as_json, as_table, note, say

if TYPE_CHECKING:
    from config.policy import DetectorPolicy
    from config.settings import Settings
    from projections.backtest.detector import Summary
    from projections.backtest.recorded import Span

backtest = typer.Typer(
    name="backtest", help="Try detection on recorded or synthetic data.", no_args_is_help=True
)
Moment = Annotated[str | None, typer.Option(help="RFC 3339 with an offset, or epoch seconds.")]


@backtest.callback()
def _group() -> None:
    """Try detection on recorded or synthetic data."""


@backtest.command()
def detector(
    path: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH…",
            help="CSV files, also packed as .csv.gz, or folders of them: first a timestamp "
            "(ISO 8601, or a number since the epoch), then a metric a column; without any, the "
            "recorded log.",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for the answers, under the same relative paths.")
    ] = Path("backtest"),
    since: Moment = None,
    until: Moment = None,
    agent: Annotated[
        str, typer.Option(help="Of the log: agent or tenant/agent, or a shell pattern of it.")
    ] = "*",
    false_alarms: Annotated[
        float | None,
        typer.Option(min=0.001, help="Allowed for each agent in a week; else the policy's."),
    ] = None,
    plain: AsJson = False,
) -> None:
    """Let the detector judge recorded rows one by one, as if they arrived live.

    Writes the columns timestamp, anomaly_score (0 to 1), alert (0 or 1) and drivers, a row for
    each row that was read. What is empty, NaN or infinite is a missing value.
    """
    policy = _policy(false_alarms)
    if path:
        if since or until or agent != "*":
            raise CommandError(USAGE, "--since, --until and --agent are for the log, not for files")
        done = _files(path, out, policy)
    else:
        done = _log(_span(since, until, agent), out, policy)
        if not done.files:
            told = f"backtest: the log has nothing of agent {agent!r} in that time"
            raise CommandError(NO, f"{told}; {done.note}" if done.note else told)
    if plain:
        as_json({**done._asdict(), "rows_per_second": done.rate})
        return
    what = "file" if path else "agent"
    say(
        f"{done.files} {what}{'' if done.files == 1 else 's'} · "
        f"{done.rows} row{'' if done.rows == 1 else 's'} · "
        f"{done.alarms} alarm{'' if done.alarms == 1 else 's'} · "
        f"{done.seconds:.1f} s · {done.rate:.0f} rows/s · in {out}"
    )
    if done.note:
        say(done.note)


@backtest.command()
def fleet(
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same table, byte for byte.")] = 1,
    scenarios: Annotated[
        str,
        typer.Option(help="Names from `homeostat simulate --list`, with commas; else all."),
    ] = "",
    agents: Annotated[
        int, typer.Option(min=1, help="For each scenario, rounded up to hosts of four.")
    ] = 8,
    days: Annotated[
        float, typer.Option(min=0.1, help="Simulated days; faults come in the second half.")
    ] = 21,
    out: Annotated[Path, typer.Option(help="Folder for quality.json and quality.md.")] = Path(
        "backtest"
    ),
    plain: AsJson = False,
) -> None:
    """Let surveillance watch a synthetic fleet, and compare its findings with the truth.

    Heartbeats and ticks go through the step that runs live, in process, under the policy that
    ships; no broker is needed. Beside the agents of each scenario there are calm ones.
    """
    from projections.backtest.fleet.run import backtest_fleet
    from projections.backtest.fleet.table import as_lines

    chosen = [name.strip() for name in scenarios.split(",") if name.strip()]
    try:
        report, heard = backtest_fleet(seed, chosen, agents, days, out, note)
    except (ValueError, OSError) as error:
        raise CommandError(USAGE, f"backtest: {error}") from error
    if plain:
        as_json(to_builtins(report))
        return
    for line in as_lines(report):
        say(line)
    rate = heard.heartbeats / heard.seconds
    say(f"{heard.heartbeats} heartbeats · {heard.seconds:.0f} s · {rate:.0f}/s · in {out}")


@backtest.command()
def incidents(
    path: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH…",
            help="Folders of labelled incidents: incident.json beside metrics.csv(.gz).",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the answers, ID.json each.")] = Path(
        "backtest"
    ),
    plain: AsJson = False,
) -> None:
    """Rank the possible roots of labelled incidents, and score who came first."""
    from projections.backtest.files import BacktestError
    from projections.backtest.incidents.run import backtest_incidents

    try:
        scores = backtest_incidents(path, out, note)
    except (BacktestError, OSError) as error:
        raise CommandError(USAGE, f"backtest: {error}") from error
    if plain:
        as_json([score._asdict() for score in scores])
        return
    as_table(
        ("data set", "incidents", "first", "first three", "confidence"),
        ((s.dataset, s.incidents, *(round(v, 2) for v in s[2:])) for s in scores),
    )


def _policy(false_alarms: float | None) -> DetectorPolicy:
    from msgspec.structs import replace

    from config.policy import default_policy

    policy = default_policy().surveillance.detector
    if false_alarms is None:
        return policy
    return replace(policy, false_alarms_per_agent_week=false_alarms)


def _files(paths: list[Path], out: Path, policy: DetectorPolicy) -> Summary:
    from projections.backtest.detector import backtest_files
    from projections.backtest.files import BacktestError, sources

    try:
        return backtest_files(sources(paths, out), out, policy, note)
    except (BacktestError, OSError) as error:
        raise CommandError(USAGE, f"backtest: {error}") from error


def _span(since: str | None, until: str | None, agent: str) -> Span:
    import time

    from projections.backtest.recorded import Span
    from streams.contracts.errors import ContractError

    try:
        begin = 0.0 if since is None else _seconds(since)
        end = time.time() if until is None else _seconds(until)
    except ContractError as error:
        raise CommandError(USAGE, f"backtest: {error}") from error
    if begin >= end:
        raise CommandError(USAGE, f"--since {since} must be before --until {until or 'now'}")
    return Span(begin, end, agent if "/" in agent else f"*/{agent}")


def _seconds(text: str) -> float:
    from streams.contracts.telemetry import parse_time

    try:
        return parse_time(float(text))
    except ValueError:
        return parse_time(text)


def _log(span: Span, out: Path, policy: DetectorPolicy) -> Summary:
    from api.cli.kept_log import kept_log
    from projections.backtest.recorded import backtest_log
    from streams.contracts.trust import Signer

    async def fold(settings: Settings) -> Summary:
        async with kept_log(settings, note) as connection:
            signer = Signer(settings.secret())
            return await backtest_log(connection, signer, span, out, policy, note)

    try:
        return run(fold)
    except ValueError as error:
        raise CommandError(USAGE, f"backtest: {error}") from error
