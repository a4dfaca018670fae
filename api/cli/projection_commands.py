"""`homeostat projections`: the views that are folded from the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.client import USAGE, CommandError
from api.cli.running import run
from api.cli.show import say

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
def rebuild(until: Until = None, into: Into = None) -> None:
    """Fold the log into a new set of views beside the live one, and switch to it.

    With --until and --into the views are as they were then, in a database of their own; the live
    ones stay as they are.
    """
    if (until is None) != (into is None):
        detail = "--until and --into go together: up to when, and into which database"
        raise CommandError(USAGE, detail)
    if until is not None and into is not None:
        _fold_until(until, into)
    else:
        run(_rebuild)


async def _rebuild(settings: Settings) -> None:
    from api.cli.kept_log import kept_log
    from projections.replay.rebuild import rebuild as build

    async with kept_log(settings, say) as connection:
        await build(settings, connection, report=say)


def _fold_until(moment: str, database: str) -> None:
    from api.cli.kept_log import kept_log
    from projections.replay.until import UntilError, until
    from streams.kafka.errors import PositionLost

    async def fold(settings: Settings) -> None:
        async with kept_log(settings, say) as connection:
            await until(settings, connection, moment, database, report=say)

    try:
        run(fold)
    except UntilError as error:
        raise CommandError(USAGE, str(error)) from error
    except PositionLost as error:
        detail = f"{error}; name a later moment, or one that the log still holds"
        raise CommandError(USAGE, detail) from error
