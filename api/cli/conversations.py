"""`homeostat conversations`: what was judged of what an agent says."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli import completing
from api.cli.client import Client
from api.cli.options import AsJson, Most
from api.cli.show import as_list, clock


def conversations(
    agent: Annotated[str, typer.Argument(help="An agent's id.", autocompletion=completing.agents)],
    leaking: Annotated[
        bool, typer.Option("--leaking", help="Only those in which something leaked.")
    ] = False,
    limit: Most = 50,
    plain: AsJson = False,
) -> None:
    """List an agent's conversations: quality, faults and leaks, never what was said."""
    client = Client.from_environment()
    client.get(f"/agents/{agent}")
    asked = {"leaking": "true"} if leaking else {}
    found = client.items(f"/agents/{agent}/conversations", limit, **asked)
    columns = ("conversation", "last", "messages", "quality", "faults", "leaks")
    as_list(found, columns, _row, plain=plain)


def _row(each: dict[str, Any]) -> tuple[object, ...]:
    quality = None if each["quality"] is None else round(each["quality"], 2)
    faults, leaks = _counted(each["faults"]), _counted(each["leaks"])
    name, last = each["conversation_id"], clock(each["last_at"])
    return name, last, each["messages"], quality, faults, leaks


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
