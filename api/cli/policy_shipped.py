"""`homeostat policy shipped|take|keep`: what a release ships otherwise than what is in force."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from api.cli.client import NO, USAGE, Client, CommandError
from api.cli.options import AsJson
from api.cli.policy_diff import Change, short
from api.cli.policy_news import offered
from api.cli.show import as_json, as_receipt, note, say

_PATH: Final = "/policy/shipped"
_ALL: Final = "*"
Parts = Annotated[
    list[str] | None, typer.Argument(help="Paths, such as surveillance.thresholds or one below it.")
]
All = Annotated[bool, typer.Option("--all", help="All that is offered.")]
Reason = Annotated[str, typer.Option(help="Why; it stays on record.")]


def shipped(plain: AsJson = False) -> None:
    """Tell what this release ships otherwise than the policy in force; exit status 1 if anything.

    It is held against the shipped policy that was answered last, at first the one of the first
    start: what was changed here alone is no news. Nothing is taken over by itself.
    """
    found = Client.from_environment().get(_PATH)
    if plain:
        as_json(found)
    elif not found["offers"]:
        say(f"version {found['version']} has all that this release ships, or it was declined")
    else:
        for offer in found["offers"]:
            _tell(offer)
        note("`homeostat policy take PATH… --reason WHY` takes parts over, `keep` declines them")
    raise typer.Exit(NO if found["offers"] else 0)


def take(
    parts: Parts = None, whole: All = False, reason: Reason = "", plain: AsJson = False
) -> None:
    """Take over parts of the shipped policy that `policy shipped` names, as a new version."""
    _answer("take", parts, reason, whole=whole, plain=plain)


def keep(
    parts: Parts = None, whole: All = False, reason: Reason = "", plain: AsJson = False
) -> None:
    """Decline parts of the shipped policy: told no more until they are shipped otherwise."""
    _answer("keep", parts, reason, whole=whole, plain=plain)


def news(client: Client) -> str | None:
    """Return in a sentence that something is offered; None where nothing is."""
    try:
        return offered(client.get(_PATH)["offers"])
    except CommandError as error:
        if error.status == NO:  # an API of before this was told
            return None
        raise


def _answer(what: str, parts: list[str] | None, reason: str, *, whole: bool, plain: bool) -> None:
    if bool(parts) == whole:
        told = f"name what to {what}, or give --all; `homeostat policy shipped` tells what there is"
        raise CommandError(USAGE, told)
    if not reason:
        raise CommandError(USAGE, "say why with --reason; it stays on record")
    wanted = [_ALL] if whole else parts
    receipt = Client.from_environment().send("POST", _PATH, {what: wanted, "reason": reason})
    as_receipt(receipt, f"version {receipt['version']} is in force", plain=plain)


def _tell(offer: dict[str, Any]) -> None:
    say(Change(offer["path"], offer["change"], offer["in_force"], offer["shipped"]).line())
    if offer["standing"] == "differs":
        say(f"    changed here too: it was shipped as {short(offer['before'])}")
