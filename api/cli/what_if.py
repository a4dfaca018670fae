"""`homeostat policy what-if`: the recorded log under another policy."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.cli.client import NO, USAGE, CommandError
from api.cli.options import AsJson
from api.cli.running import run
from api.cli.show import as_json, as_table, clock, progress, say

if TYPE_CHECKING:
    from config.policy import Policy
    from config.settings import Settings
    from projections.what_if.bounds import Span
    from projections.what_if.report import Example, Row, WhatIf

_SHOWN: Final = 40
_COUNTS: Final = ("same", "moved", "otherwise", "gone", "added", "beyond")


def what_if(
    file: Annotated[str, typer.Argument(help="A whole policy; - is standard input.")],
    since: Annotated[
        str | None, typer.Option(help="When it is put in force: RFC 3339 or epoch seconds.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Where the reading ends.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only the decisions of this tenant.")] = None,
    plain: AsJson = False,
) -> None:
    """Fold the recorded log under the policy in FILE; tell what it would decide differently.

    Nothing is written and no command is carried out, whether the installation runs or not. Once
    an agent would have been treated otherwise, what it did then is unknown: the rest of it is
    counted as beyond the divergence. The exit status is 1 where something differs.
    """
    candidate, span = _candidate(file), _span(since, until, tenant)
    found = _folded(candidate, span, progress(plain=plain))
    if plain:
        import msgspec

        as_json({"equal": found.equal, **msgspec.to_builtins(found)})
    else:
        _tell(file, found)
    raise typer.Exit(0 if found.equal else NO)


def _folded(candidate: Policy, span: Span, told: Callable[[str], None]) -> WhatIf:
    from api.cli.kept_log import kept_log
    from projections.what_if.run import what_if as fold
    from streams.contracts.trust import Signer

    async def look(settings: Settings) -> WhatIf:
        signer = Signer(settings.secret())
        async with kept_log(settings, told) as connection:
            return await fold(connection, signer, candidate, span, told)

    return run(look)


def _candidate(file: str) -> Policy:
    import yaml

    from config.policy import PolicyError, policy_from

    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        return policy_from(yaml.safe_load(text), "standard input" if file == "-" else file)
    except PolicyError as error:
        raise CommandError(USAGE, str(error)) from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CommandError(USAGE, f"{file}: {error}") from error


def _span(since: str | None, until: str | None, tenant: str | None) -> Span:
    from projections.what_if.bounds import Span

    begin, end = _moment("--since", since), _moment("--until", until)
    if begin is not None and end is not None and begin >= end:
        raise CommandError(USAGE, f"--since {since} must be before --until {until}")
    return Span(begin, end, tenant)


def _moment(option: str, text: str | None) -> float | None:
    from streams.contracts.errors import ContractError
    from streams.contracts.telemetry import parse_time

    if text is None:
        return None
    try:
        return parse_time(float(text) if text.replace(".", "", 1).isdecimal() else text)
    except ContractError as error:
        raise CommandError(USAGE, f"{option}: {error}") from error


def _tell(file: str, found: WhatIf) -> None:
    span = f"{clock(found.since) if found.since else 'the beginning'} to "
    span += clock(found.until) if found.until else "now"
    say(f"{found.records:,} records read in {found.seconds:g} s, {file} in force from {span}")
    differing = [row for row in found.rows if row.differing or row.beyond]
    if differing:
        as_table(("what", "kind", "agent", *_COUNTS), (_cells(row) for row in differing[:_SHOWN]))
        left = len(differing) - _SHOWN + found.rows_left_off
        if left > 0:
            say(f"… and {left:,} rows more: --json has {len(found.rows):,}")
    for example in found.examples:
        say(_line(example))
    for line in _summary(found):
        say(line)


def _cells(row: Row) -> tuple[object, ...]:
    return (row.what, row.kind, row.agent, *(str(getattr(row, name)) for name in _COUNTS))


def _summary(found: WhatIf) -> Iterator[str]:
    """Give a line for each thing that is counted, and one for where certainty ends."""
    from projections.what_if.report import totals

    for what, total in sorted(totals(found.rows).items()):
        counts = ", ".join(f"{getattr(total, name):,} {name}" for name in _COUNTS)
        yield f"{what}: {counts}"
    if found.diverged:
        first = found.diverged[0]
        yield (
            f"certain until an agent would be treated otherwise: {found.diverged_agents:,} would, "
            f"{first.agent} first, at {clock(first.since)}; {found.outcomes_beyond:,} recorded "
            "outcomes lie beyond the divergence"
        )
    yield from (f"note: {note}" for note in found.notes)
    if found.equal:
        yield "nothing would be decided otherwise"


def _line(example: Example) -> str:
    """Return a difference for a person.

    Examples
    --------
    >>> from projections.what_if.report import Example
    >>> was = {"severity": "warning", "value": 80.0, "summary": "cpu is 80"}
    >>> moment = "2026-11-21T03:14:15.000000Z"
    >>> _line(Example("gone", "finding", "threshold cpu", "default/a", moment, 0.0, was, None))
    '2026-11-21 03:14:15 gone: finding threshold cpu of default/a: warning, 80, cpu is 80'
    """
    said = " → ".join(_said(each) for each in (example.before, example.after) if each)
    later = f" by {example.later_s:+.1f} s" if example.later_s else ""
    what = f"{example.what} {example.kind} of {example.agent}"
    return f"{clock(example.at)} {example.verdict}{later}: {what}{said and ': '}{said}"


def _said(notable: dict[str, Any]) -> str:
    bare = {"severity", "value", "summary", "mode", "reason"}
    return ", ".join(
        _value(value) if name in bare else f"{name} {_value(value)}"
        for name, value in notable.items()
        if value is not None
    )


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
