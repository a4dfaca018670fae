"""`homeostat operate`: the same asked of many agents, once it is known of how many."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli.answering import until
from api.cli.client import REFUSED, USAGE, Client, CommandError
from api.cli.options import ASKED, AsJson, Reason
from api.cli.previews import confirmed
from api.cli.show import as_json, as_table, say


def operate(
    operation: Annotated[
        str, typer.Argument(help="maintenance, release, quarantine, decommission or relearn.")
    ],
    reason: Reason,
    agent: Annotated[list[str] | None, typer.Option(help="An agent's id; again for more.")] = None,
    status: Annotated[str | None, typer.Option(help="Such as offline.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Such as host.")] = None,
    text: Annotated[str | None, typer.Option(help="Occurs in id, type or labels.")] = None,
    health: Annotated[str | None, typer.Option(help="A level, such as failing.")] = None,
    performance: Annotated[str | None, typer.Option(help="A level, such as poor.")] = None,
    security_below: Annotated[float | None, typer.Option(help="A lower security score.")] = None,
    label: Annotated[list[str] | None, typer.Option(help="NAME=VALUE, or NAME.")] = None,
    capability: Annotated[list[str] | None, typer.Option(help="What they can all do.")] = None,
    expect: Annotated[
        int | None,
        typer.Option(min=1, help="How many it touches; required where nobody can be asked."),
    ] = None,
    only_preview: Annotated[
        bool, typer.Option("--preview", help="Tell whom it would touch, and do nothing.")
    ] = False,
    plain: AsJson = False,
) -> None:
    """Ask the same of many agents, by name or by conditions; exit status 4 if one refuses."""
    where = {
        "status": status,
        "type": kind,
        "text": text,
        "health": health,
        "performance": performance,
        "security_below": security_below,
        "label": label,
        "capability": capability,
    }
    given = {name: value for name, value in where.items() if value not in (None, [])}
    body = {"operation": operation, "agents": agent or []} | ({"where": given} if given else {})
    client = Client.from_environment()
    found = client.send("POST", "/operations/preview", body)
    if only_preview:
        as_json(found) if plain else _whom(found)
        return
    expected = expect or _agreed(operation, found, may_ask=ASKED and not plain)
    receipt = client.send("POST", "/operations", body | {"reason": reason, "expected": expected})
    became = _outcomes(client, receipt, waits=operation != "relearn")
    as_json(became) if plain else _tell(became)
    if became["counts"]["refused"]:
        raise typer.Exit(REFUSED)


def _agreed(operation: str, found: dict[str, Any], *, may_ask: bool) -> int:
    """Return how many agents it touches, once somebody has agreed to that."""
    touched: int = found["touched"]
    if not may_ask:
        raise CommandError(USAGE, f"it would touch {touched} agents; say so: --expect {touched}")
    _whom(found)
    confirmed(f"{operation} of {touched} agents?")
    return touched


def _whom(found: dict[str, Any]) -> None:
    say(f"it would touch {found['touched']} agents: {', '.join(found['agents'][:20])}")
    for reason, number in found["refused"].items():
        say(f"{number} would refuse it: {reason}")


def _outcomes(client: Client, receipt: dict[str, Any], *, waits: bool) -> dict[str, Any]:
    path = f"/operations/{receipt['operation_id']}"
    found: dict[str, Any] = client.get(path, wait_for=receipt["position"], wait_s=30)
    if not waits:
        return found
    return until(lambda: client.get(path), lambda seen: not seen["counts"]["asked"])


def _tell(found: dict[str, Any]) -> None:
    counts = ", ".join(f"{number} {state}" for state, number in found["counts"].items() if number)
    say(f"{found['operation']} of {found['touched']} agents: {counts}")
    others = [each for each in found["outcomes"] if each["state"] == "refused"]
    if others:
        as_table(("agent", "refused"), ((each["agent_id"], each["detail"]) for each in others))
