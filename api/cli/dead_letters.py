"""`homeostat dead-letters`: records that were not accepted, and what becomes of them."""

from __future__ import annotations

import base64
from typing import Annotated

import typer

from api.cli.asking import AsJson, Most, Reason
from api.cli.client import Client
from api.cli.show import as_json, as_receipt, as_table, clock, say
from streams.contracts.topics import DEAD_LETTERS

dead_letters = typer.Typer(
    name=DEAD_LETTERS.name, help="Records that were not accepted.", no_args_is_help=True
)
Letter = Annotated[str, typer.Argument(help="Its id.")]


@dead_letters.command("list")
def list_(
    kind: Annotated[
        str | None, typer.Option(help="dead_letter, skipped, untrusted or discarded.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Such as malformed_json.")] = None,
    limit: Most = 50,
    plain: AsJson = False,
) -> None:
    """List them, newest first."""
    found = Client.from_environment().items("/dead-letters", limit, kind=kind, reason=reason)
    if plain:
        as_json(found)
        return
    rows = (
        (each["event_id"], clock(each["at"]), each["kind"], each["reason"], _place(each))
        for each in found
    )
    as_table(("record", "at", "kind", "reason", "where"), rows)


@dead_letters.command()
def show(letter: Letter, plain: AsJson = False) -> None:
    """Show one with its reason and its bytes."""
    found = Client.from_environment().get(f"/dead-letters/{letter}")
    if plain:
        as_json(found)
        return
    say(f"{found['kind']} at {_place(found)}, {clock(found['at'])}")
    say(f"{found['reason']}: {found['detail']}")
    for name in ("key", "value"):
        if found[name]:
            say(f"{name}: {base64.b64decode(found[name])!r}")
    if found["truncated"]:
        say("the rest of the value was not kept")


@dead_letters.command()
def discard(letter: Letter, reason: Reason, plain: AsJson = False) -> None:
    """Say that nothing is to come of it; it stays in the log, as does who said so."""
    body = {"reason": reason}
    receipt = Client.from_environment().send("POST", f"/dead-letters/{letter}/discard", body)
    as_receipt(receipt, f"on record at {receipt['position']}", plain=plain)


def _place(letter: dict[str, object]) -> str:
    return f"{letter['topic']}/{letter['partition']}/{letter['offset']}"
