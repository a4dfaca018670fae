"""Arguments and options that several commands share."""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer

from api.cli import completing

ASKED: Final = sys.stdin is not None and sys.stdin.isatty()
"""Whether there is somebody to ask; a script is told instead which option it lacks."""
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Most = Annotated[int, typer.Option("--limit", min=1, help="How many to show at most.")]
AsOf = Annotated[str | None, typer.Option(help="A past moment, such as 2026-11-21T03:00:00Z.")]
Action = Annotated[str, typer.Argument(help="Its id.", autocompletion=completing.waiting)]
OfAgent = Annotated[
    str | None, typer.Option("--agent", help="An agent's id.", autocompletion=completing.agents)
]
Acknowledged = Annotated[
    bool | None,
    typer.Option(
        "--acknowledged/--unacknowledged", help="Only what somebody, or nobody, looks after."
    ),
]
AssignedTo = Annotated[str | None, typer.Option("--assigned-to", help="Only what is for NAME.")]
Reason = Annotated[str, typer.Option(prompt=ASKED, help="Why; it stays on record.")]
