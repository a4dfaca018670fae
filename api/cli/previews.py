"""What a waiting action would do, shown before a person answers."""

from __future__ import annotations

from typing import Any

import typer

from api.cli.answering import PATIENCE_S, until
from api.cli.client import NO, Client, CommandError
from api.cli.options import Action, AsJson
from api.cli.show import as_json, clock, say


def preview(action: Action, plain: AsJson = False) -> None:
    """Ask the node what a waiting action would do; nothing is done. Exit status 1 if it is away."""
    client = Client.from_environment()
    found = asked_anew(client, client.get(f"/actions/{action}"))
    if plain:
        as_json(found)
    else:
        show(found)
    if found["preview"] is None or found["preview"]["state"] == "missing":
        detail = f"its node has told nothing within {PATIENCE_S:g} s; see that it runs"
        raise CommandError(NO, detail)


def looked_at(client: Client, found: dict[str, Any]) -> dict[str, Any]:
    """Return a waiting action with a fresh dry run: what is old or missing is asked for anew."""
    known = found["preview"]
    fresh = known is not None and known["state"] == "fresh"
    return found if fresh or found["state"] != "awaiting" else asked_anew(client, found)


def asked_anew(client: Client, found: dict[str, Any]) -> dict[str, Any]:
    """Return an action with the dry run that follows from asking now, if one comes in time."""
    path = f"/actions/{found['action_id']}"
    before = _looked_at(found)
    client.send("POST", f"{path}/preview", None)
    return until(lambda: client.get(path), lambda seen: _looked_at(seen) != before)


def show(found: dict[str, Any]) -> None:
    """Write what an action would do, and whether that may be relied on."""
    known = found["preview"]
    if known is None:
        say("nobody has asked what it would do")
        return
    if known["at"] is None:
        say(f"no dry run: {known['note']}")
        return
    word = ", old" if known["state"] == "old" else ""
    say(f"dry run by {known['host']} at {clock(known['at'])}{word}:")
    for step in known["steps"]:
        say(f"  {step}")
    if known["refused"]:
        say(f"  it would be refused now, {known['refused']}: {known['note']}")
    elif known["note"]:
        say(f"  {known['note']}")


def confirmed(question: str) -> None:
    """Ask a person at a terminal; abort where they do not say yes."""
    typer.confirm(question, abort=True)


def _looked_at(found: dict[str, Any]) -> str | None:
    at: str | None = (found["preview"] or {}).get("at")
    return at
