"""Arguments and options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli import completing

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing beside it.")]
Most = Annotated[int, typer.Option("--limit", min=1, help="The most to show.")]
AsOf = Annotated[str | None, typer.Option(help="A past moment, such as 2026-11-21T03:00:00Z.")]
Action = Annotated[str, typer.Argument(help="Its id.", autocompletion=completing.waiting)]
OfAgent = Annotated[
    str | None, typer.Option("--agent", help="An agent's id.", autocompletion=completing.agents)
]
Reason = Annotated[str, typer.Option(prompt=True, help="Why; it stays on record.")]
