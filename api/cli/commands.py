"""Every command but the long-running ones, with Typer."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from api.cli.simulate import simulate
from config.settings import Settings, SettingsError, settings_from_environment
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection

app = typer.Typer(
    name="homeostat",
    help="An event-sourced autonomic control plane.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
projections = typer.Typer(help="The views that are folded from the log.", no_args_is_help=True)
app.add_typer(projections, name="projections")
app.command()(simulate)


@app.command()
def up() -> None:
    """Run the whole installation in the foreground, until Ctrl-C or SIGTERM."""
    from api.cli.up import up as run

    raise typer.Exit(run())


@app.command()
def role(
    name: Annotated[str, typer.Argument(help="worker, projector, api or node")],
) -> None:
    """Run one role of an installation in the foreground."""
    from api.cli.roles import ROLES, run_role

    if name not in ROLES:
        raise typer.BadParameter(f"{name!r} is no role; use one of {', '.join(ROLES)}")
    raise typer.Exit(run_role(name))


@app.command()
def replay(
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare every decision with the record.")
    ] = False,
    fetch: Annotated[
        int, typer.Option(min=0, help="Records to a fetch; 0 is a random size each time.")
    ] = 2000,
) -> None:
    """Fold the recorded log again; nothing is produced, sent or touched.

    With --verify every fact is compared with what was recorded, byte for byte; the exit status
    is 1 where the code would now decide otherwise.
    """
    if not verify:
        raise typer.BadParameter("say what to replay for: --verify")
    from processors.topology import steps
    from projections.replay.verify import verify as run

    settings = _settings()
    connection, signer = Connection.from_settings(settings), Signer(settings.secret())
    result = asyncio.run(run(connection, signer, steps(), fetch_sizes=(fetch,), report=_say))
    _say(result.summary())
    raise typer.Exit(0 if result.equal else 1)


@projections.command()
def rebuild() -> None:
    """Fold the log into a new set of views beside the live one, and switch to it."""
    from projections.replay.rebuild import rebuild as run

    run(_settings(), report=_say)


def _settings() -> Settings:
    try:
        return settings_from_environment()
    except SettingsError as error:
        _say(str(error))
        raise typer.Exit(2) from error


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
