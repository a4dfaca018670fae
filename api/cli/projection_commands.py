"""`homeostat projections`: the views that are folded from the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.client import USAGE, CommandError
from api.cli.options import AsJson
from api.cli.running import run
from api.cli.show import as_json, progress

if TYPE_CHECKING:
    from config.settings import Settings

projections = typer.Typer(help="The views that are folded from the log.", no_args_is_help=True)
Until = Annotated[
    str | None,
    typer.Option(help="RFC 3339 with an offset, epoch seconds, or the position of a receipt."),
]
Into = Annotated[
    str | None,
    typer.Option(metavar="URL|PATH", help="With --until: an empty database, or a file to make."),
]


@projections.command()
def rebuild(until: Until = None, into: Into = None, plain: AsJson = False) -> None:
    """Fold the log into a new set of views beside the live one, and switch to it.

    With --until and --into the views are as they were then, in a database of their own; the live
    ones stay as they are.
    """
    if (until is None) != (into is None):
        detail = "--until and --into go together: up to when, and into which database"
        raise CommandError(USAGE, detail)
    told = progress(plain=plain)
    if until is not None and into is not None:
        done = _fold_until(until, into, told)
    else:
        done = _rebuild(told)
    if plain:
        as_json(done)


def _rebuild(told: Callable[[str], None]) -> dict[str, object]:
    from api.cli.kept_log import kept_log
    from projections.replay.rebuild import RebuildReport
    from projections.replay.rebuild import rebuild as build

    async def fold(settings: Settings) -> RebuildReport:
        async with kept_log(settings, told) as connection:
            return await build(settings, connection, report=told)

    return asdict(run(fold))


def _fold_until(moment: str, database: str, told: Callable[[str], None]) -> dict[str, object]:
    from api.cli.kept_log import kept_log
    from projections.replay.until import UntilError, UntilReport, until
    from streams.contracts.envelope import rfc3339
    from streams.kafka.errors import PositionLost

    async def fold(settings: Settings) -> UntilReport:
        async with kept_log(settings, told) as connection:
            return await until(settings, connection, moment, database, report=told)

    try:
        done = run(fold)
    except UntilError as error:
        raise CommandError(USAGE, str(error)) from error
    except PositionLost as error:
        detail = f"{error}; name a later moment, or one that the log still holds"
        raise CommandError(USAGE, detail) from error
    # The URL may hold a password, and whoever asked knows it.
    return {"moment": rfc3339(done.moment), "records": done.records, "seconds": done.seconds}
