"""`homeostat actions`: what is done about it, and what else was weighed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli import completing
from api.cli.client import Client
from api.cli.options import AsJson, AsOf, Most, OfAgent
from api.cli.previews import show
from api.cli.show import as_json, as_list, as_table, clock, say


def actions(
    action: Annotated[
        str | None, typer.Argument(help="One action's id.", autocompletion=completing.actions)
    ] = None,
    state: Annotated[list[str] | None, typer.Option(help="Such as awaiting.")] = None,
    agent: OfAgent = None,
    as_of: AsOf = None,
    limit: Most = 50,
    plain: AsJson = False,
) -> None:
    """List actions, or show one with its scores and the candidates that lost."""
    client = Client.from_environment()
    if action is not None:
        _one(client.get(f"/actions/{action}", as_of=as_of), plain=plain)
        return
    found = client.items("/actions", limit, state=state or None, agent=agent, as_of=as_of)
    columns = ("action", "what", "agent", "state", "outcome", "created")
    as_list(found, columns, _row, plain=plain)


def _row(a: dict[str, Any]) -> tuple[object, ...]:
    came = a["state"], a["outcome"], clock(a["created_at"])
    return a["action_id"], a["action"], a["agent_id"], *came


def _one(found: dict[str, Any], *, plain: bool) -> None:
    if plain:
        as_json(found)
        return
    say(f"{found['action']} for {found['agent_id']}: {found['state']} {found['outcome']}".rstrip())
    for name in ("reason", "detail", "approved_by", "check"):
        if found[name]:
            say(f"{name.replace('_', ' ')}: {found[name]}")
    for answer in found["approvals"]:
        say(_answered(answer))
    if ran := found["evidence"].get("preview"):
        say(f"would run: {ran}")
    elif found["preview"] is not None:
        show(found)
    columns = ("candidate", "expected value", "risk", "score", "mode", "rejected")
    as_table(
        columns,
        (
            (c["action"], c["expected_value"], c["risk"], c["score"], c["mode"], c["rejected"])
            for c in found["candidates"]
        ),
    )


def _answered(answer: dict[str, Any]) -> str:
    word = "approved" if answer["approved"] else "rejected"
    told = f"{word} by {answer['by']} at {clock(answer['at'])}: {answer['reason']}"
    return f"{told}; it does not count: {answer['detail']}" if answer["refused"] else told
