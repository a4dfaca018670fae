"""`homeostat dead-letters`: records that were not accepted, and what becomes of them."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Final

import typer

from api.cli import completing
from api.cli.client import NO, REFUSED, USAGE, Client, CommandError
from api.cli.options import AsJson, Most, Reason
from api.cli.show import as_json, as_list, as_receipt, clock, say
from streams.contracts.topics import DEAD_LETTERS

dead_letters = typer.Typer(
    name=DEAD_LETTERS.name, help="Records that were not accepted.", no_args_is_help=True
)
_ALL: Final = 100_000
Letter = Annotated[str, typer.Argument(help="Its id.", autocompletion=completing.letters)]


@dead_letters.command("list")
def list_(
    kind: Annotated[
        str | None, typer.Option(help="dead_letter, skipped, untrusted, discarded or redriven.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Such as malformed_json.")] = None,
    limit: Most = 50,
    plain: AsJson = False,
) -> None:
    """List them, newest first."""
    found = Client.from_environment().items("/dead-letters", limit, kind=kind, reason=reason)
    as_list(found, ("record", "at", "kind", "reason", "where"), _row, plain=plain)


def _row(letter: dict[str, Any]) -> tuple[object, ...]:
    why = letter["kind"], letter["reason"], _place(letter)
    return letter["event_id"], clock(letter["at"]), *why


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
    if found["redrive_of"]:
        say(f"redriven before: {found['redrive_of']}")
    if found["outcome"]:
        say(f"redriven: {found['outcome']}")


@dead_letters.command()
def discard(letter: Letter, reason: Reason, plain: AsJson = False) -> None:
    """Dismiss one; it stays in the log, and so does who dismissed it."""
    body = {"reason": reason}
    receipt = Client.from_environment().send("POST", f"/dead-letters/{letter}/discard", body)
    as_receipt(receipt, plain=plain)


@dead_letters.command()
def redrive(
    letter: Annotated[
        str | None, typer.Argument(help="Its id.", autocompletion=completing.letters)
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="All that were refused for this reason, such as agent_limit.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell which, and do nothing.")
    ] = False,
    plain: AsJson = False,
) -> None:
    """Let a record, or all that were refused for a reason, come in once more, late.

    A redriven record may register its agent, and trains nothing; what is still not acceptable is
    a new dead letter. Each letter is redriven once. Of several, those that cannot be are told, and
    the exit status is 4.
    """
    if (letter is None) == (reason is None):
        raise CommandError(USAGE, "name one record, or all of a reason with --reason")
    client = Client.from_environment()
    found = _wanted(client, letter, reason)
    done = found if dry_run else [_redriven(client, each, alone=bool(letter)) for each in found]
    if plain:
        as_json(done)
    else:
        for each, told in zip(found, done, strict=True):
            say(f"{each['event_id']}  {each['reason']} at {_place(each)}: {_outcome(told)}")
    raise typer.Exit(REFUSED if any("refused" in each for each in done) else 0)


def _wanted(client: Client, letter: str | None, reason: str | None) -> list[dict[str, Any]]:
    if letter is not None:
        return [client.get(f"/dead-letters/{letter}")]
    found = client.items("/dead-letters", _ALL, kind="dead_letter", reason=reason)
    if not found:
        raise CommandError(NO, f"no dead letter has the reason {reason!r}")
    return found


def _redriven(client: Client, letter: dict[str, Any], *, alone: bool) -> dict[str, Any]:
    name = letter["event_id"]
    try:
        receipt = client.send("POST", f"/dead-letters/{name}/redrive", None)
    except CommandError as error:
        if alone or error.status != REFUSED:
            raise
        return {"letter_id": name, "refused": str(error)}
    return {"letter_id": name, **receipt}


def _outcome(told: dict[str, Any]) -> str:
    if "refused" in told:
        return str(told["refused"])
    if "position" in told:
        return f"redriven, on record at {told['position']}"
    return "would be redriven"


def _place(letter: dict[str, object]) -> str:
    return f"{letter['topic']}/{letter['partition']}/{letter['offset']}"
