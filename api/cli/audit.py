"""`homeostat audit`: who did what, and whether the record of it is whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from api.cli.client import NO, USAGE, Client, CommandError
from api.cli.options import AsJson, Most
from api.cli.running import run
from api.cli.show import as_json, as_list, clock, say

if TYPE_CHECKING:
    from api.audit.verifier import Head, Verifier
    from config.settings import Settings

audit = typer.Typer(
    name="audit", help="Who did what, and whether the record is whole.", no_args_is_help=True
)


@audit.command("list")
def list_(
    actor: Annotated[str | None, typer.Option(help="Who.")] = None,
    action: Annotated[str | None, typer.Option(help="Such as token.issued or http.get.")] = None,
    outcome: Annotated[str | None, typer.Option(help="done, refused or failed.")] = None,
    level: Annotated[str | None, typer.Option(help="info, notice, warning or critical.")] = None,
    since: Annotated[str | None, typer.Option(help="Such as 2026-11-21T03:00:00Z.")] = None,
    until: Annotated[str | None, typer.Option(help="A later moment.")] = None,
    limit: Most = 50,
    plain: AsJson = False,
) -> None:
    """List records, newest first."""
    asked = {"actor": actor, "action": action, "outcome": outcome, "level": level}
    found = Client.from_environment().items("/audit", limit, since=since, until=until, **asked)
    columns = ("at", "actor", "action", "resource", "outcome", "level", "from")
    as_list(found, columns, _row, plain=plain)


def _row(r: dict[str, Any]) -> tuple[object, ...]:
    judged = r["outcome"], r["level"], r["details"].get("address")
    return clock(r["at"]), r["actor"], r["action"], r["resource"], *judged


@audit.command()
def verify(
    against: Annotated[
        Path | None,
        typer.Option(help="What --json printed earlier, kept elsewhere: all of it must be there."),
    ] = None,
    plain: AsJson = False,
) -> None:
    """Read the trail from the log and check every record against its chain; exit 1 if broken.

    Without --against the removal of the newest records cannot be seen: keep what --json prints on
    another machine from time to time.
    """
    from api.audit.verifying import verify as check
    from api.cli.kept_log import kept_log
    from streams.contracts.trust import Signer

    kept = None if against is None else _heads(against)

    async def look(settings: Settings) -> Verifier:
        signer = Signer(settings.secret())
        async with kept_log(settings, _quietly if plain else say) as connection:
            return await check(connection, signer, kept)

    found = run(look)
    if plain:
        as_json(_told(found))
    else:
        _say(found)
    raise typer.Exit(NO if found.faults else 0)


def _told(found: Verifier) -> dict[str, object]:
    return {
        "whole": not found.faults,
        "records": found.records,
        "copies": found.copies,
        "faults": [fault._asdict() for fault in found.faults],
        "heads": {writer: head._asdict() for writer, head in found.heads.items()},
    }


def _say(found: Verifier) -> None:
    if found.faults:
        say(f"BROKEN: {found.faults[0]}")
        if further := len(found.faults) - 1:
            say(f"and {further} further; --json lists them")
    else:
        say(f"whole: {found.records:,} records in {len(found.heads)} chains")


def _heads(path: Path) -> dict[str, Head]:
    from api.audit.verifier import Head

    class Kept(msgspec.Struct):
        heads: dict[str, dict[str, int | str]]

    try:
        kept = msgspec.json.decode(path.read_bytes(), type=Kept).heads
        return {w: Head(int(head["number"]), str(head["hash"])) for w, head in kept.items()}
    except (OSError, msgspec.MsgspecError, KeyError, ValueError) as error:
        detail = f"{path}: {error!r}; name a file with what `homeostat audit verify --json` printed"
        raise CommandError(USAGE, detail) from error


def _quietly(_text: str) -> None:
    """Leave standard output to the one JSON document."""
