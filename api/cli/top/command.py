"""The command itself; the view is imported once there is something to look at."""

from __future__ import annotations

import sys

import typer

from api.cli.client import USAGE, Client, CommandError, place


def top() -> None:
    """Watch fleet, findings, actions and pipeline live; approve with a, reject with r, quit with q.

    Colours are left out where NO_COLOR is set. It needs a terminal of at least 80 by 24.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        detail = "standard input and output are no terminal; `homeostat status` tells it once"
        raise CommandError(USAGE, detail)
    Client.from_environment().get("/session")  # says at once what a view could only show
    from api.cli.top.app import Top
    from api.cli.top.source import Source

    top = Top(Source(*place()))
    top.run()
    if top.refusal is not None:
        raise top.refusal
    raise typer.Exit(top.return_code or 0)
