"""`homeostat events`: the latest, and each as it happens."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli.answering import LATEST
from api.cli.client import Client
from api.cli.options import AsJson, Most
from api.cli.show import as_line, clock, say


def events(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as they happen.")] = False,
    kind: Annotated[list[str] | None, typer.Option("--type", help="One or more types.")] = None,
    limit: Most = 20,
    plain: AsJson = False,
) -> None:
    """Print the latest events; with --follow each as it happens, one JSON line with --json."""
    client = Client.from_environment()
    page = client.get("/events", before=LATEST, limit=min(limit, 1000), type=kind or None)
    for event in page["items"]:
        _event(event, plain=plain)
    if follow:
        after = page["items"][-1]["seq"] if page["items"] else 0
        for event in client.events(after, kind or []):
            _event(event, plain=plain)


def _event(event: dict[str, Any], *, plain: bool) -> None:
    if plain:
        as_line(event)
    else:
        data = event["data"]
        told = data.get("summary") or data.get("detail") or data.get("reason") or ""
        say(f"{clock(event['time'])}  {event['type']:<26} {event['subject']:<24} {told}")
