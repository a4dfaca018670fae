"""`homeostat acknowledge`, `assign` and `comment`: people about findings and incidents."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli import completing
from api.cli.client import NO, Client, CommandError
from api.cli.options import AsJson, Reason
from api.cli.show import as_receipt, clock, say

Thing = Annotated[
    str,
    typer.Argument(help="An incident's id, or a finding's.", autocompletion=completing.incidents),
]


def acknowledge(
    thing: Thing,
    reason: Reason,
    take_back: Annotated[
        bool, typer.Option("--take-back", help="Say that nobody looks after it any more.")
    ] = False,
    plain: AsJson = False,
) -> None:
    """Say that you know of an incident or a finding, and look after it until it is over."""
    verb = "unacknowledge" if take_back else "acknowledge"
    _tell(thing, verb, {"reason": reason}, plain=plain)


def assign(
    thing: Thing,
    to: Annotated[str, typer.Argument(help="Who is to look after it; '' for nobody.")],
    reason: Annotated[str, typer.Option(help="Why; it stays on record.")] = "",
    plain: AsJson = False,
) -> None:
    """Say who is to look after an incident or a finding."""
    _tell(thing, "assign", {"to": to, "reason": reason}, plain=plain)


def comment(
    thing: Thing,
    text: Annotated[str, typer.Argument(help="What to note.")],
    plain: AsJson = False,
) -> None:
    """Note something about an incident or a finding."""
    _tell(thing, "comment", {"text": text}, plain=plain)


def _tell(thing: str, verb: str, body: dict[str, Any], *, plain: bool) -> None:
    client = Client.from_environment()
    receipt = client.send("POST", f"/{_noun(client, thing)}/{thing}/{verb}", body)
    as_receipt(receipt, plain=plain)


def _noun(client: Client, thing: str) -> str:
    try:
        client.get(f"/incidents/{thing}")
    except CommandError as error:
        if error.status != NO:
            raise
        return "findings"
    return "incidents"


def looked_after(found: dict[str, Any]) -> str:
    """Return who looks after something, or is to, in a word for a list."""
    known = found["acknowledgement"]
    if known is not None:
        return f"{known['by']}, but worse" if known["worse"] else str(known["by"])
    return f"nobody yet, is for {found['assigned_to']}" if found["assigned_to"] else ""


def say_responses(found: dict[str, Any]) -> None:
    """Write who looks after something, and what was noted about it."""
    if (known := found["acknowledgement"]) is not None:
        worse = f"; worse since than {known['severity']}" if known["worse"] else ""
        say(f"{known['by']} looks after it since {clock(known['at'])}: {known['note']}{worse}")
    if found["assigned_to"]:
        say(f"assigned to {found['assigned_to']}")
    for each in found["comments"]:
        say(f"{clock(each['at'])} {each['by']}: {each['text']}")


COMMANDS = (acknowledge, assign, comment)
