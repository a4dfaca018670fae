"""Every command but the long-running ones, with Typer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from api.cli import telling
from api.cli.actions import actions
from api.cli.agents import agents
from api.cli.audit import audit
from api.cli.backtest import backtest
from api.cli.conversations import conversations
from api.cli.dead_letters import dead_letters
from api.cli.doctor import doctor
from api.cli.events import events
from api.cli.findings import findings
from api.cli.groups import groups
from api.cli.guide import guide
from api.cli.incidents import incidents
from api.cli.log_commands import log
from api.cli.operations import operate
from api.cli.policy import policy
from api.cli.projection_commands import projections
from api.cli.replay import replay
from api.cli.responses import COMMANDS as RESPONSES
from api.cli.silences import silences
from api.cli.simulate import simulate
from api.cli.status import status
from api.cli.tokens import tokens
from api.cli.top.command import top

app = typer.Typer(
    name="homeostat",
    help="An event-sourced autonomic control plane.",
    epilog="Exit statuses: 0 done; 1 the answer is no (not well, not equal, not there); "
    "2 wrong usage or settings; 3 what was asked is away; 4 refused.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
_PROJECT: Final = Path(__file__).parents[2] / "pyproject.toml"
app.add_typer(projections, name="projections")
app.add_typer(log, name="log")
app.add_typer(dead_letters)
app.add_typer(policy)
app.add_typer(silences)
app.add_typer(tokens)
app.add_typer(audit)
app.add_typer(backtest)
_ASKING = (status, agents, findings, actions, events)
_COMMANDS = (*_ASKING, *telling.COMMANDS, *RESPONSES, operate, groups, incidents)
for each in (*_COMMANDS, conversations, doctor, guide, replay, simulate, top):
    app.command()(each)


def _tell_version(asked: bool) -> None:
    if asked:
        import tomllib

        from api.cli.show import say

        project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
        say(f"homeostat {project['version']}")
        raise typer.Exit


_Version = typer.Option(
    "--version", callback=_tell_version, is_eager=True, help="Print the version and exit."
)


@app.callback()
def _homeostat(version: Annotated[bool, _Version] = False) -> None:
    """Hold the options that stand before a command."""


@app.command()
def up() -> None:
    """Run the whole installation in the foreground, until Ctrl-C or SIGTERM."""
    from api.cli.up import up as run

    raise typer.Exit(run())


@app.command()
def role(
    name: Annotated[str, typer.Argument(help="worker, projector, api, node; or prepare, once")],
) -> None:
    """Run one role of an installation in the foreground."""
    from api.cli.roles import ROLES, run_role

    if name not in ROLES:
        raise typer.BadParameter(f"{name!r} is no role; use one of {', '.join(ROLES)}")
    raise typer.Exit(run_role(name))
