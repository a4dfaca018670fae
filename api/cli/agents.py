"""`homeostat agents`: all of them, or one with what is known of it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli import completing
from api.cli.client import Client
from api.cli.options import AsJson, AsOf, Most
from api.cli.show import as_json, as_list, as_table, clock, say


def agents(
    agent: Annotated[
        str | None, typer.Argument(help="One agent's id.", autocompletion=completing.agents)
    ] = None,
    status: Annotated[str | None, typer.Option(help="Such as offline.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Such as host.")] = None,
    text: Annotated[str | None, typer.Option(help="Occurs in id, type or labels.")] = None,
    health: Annotated[str | None, typer.Option(help="A level, such as failing.")] = None,
    performance: Annotated[str | None, typer.Option(help="A level, such as poor.")] = None,
    security_below: Annotated[
        float | None, typer.Option(help="Only those with a lower security score.")
    ] = None,
    security_from: Annotated[
        float | None, typer.Option(help="Only those with this security score, or a higher one.")
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, or NAME; all must hold.")
    ] = None,
    capability: Annotated[list[str] | None, typer.Option(help="What they can all do.")] = None,
    protocol: Annotated[list[str] | None, typer.Option(help="What they all speak.")] = None,
    least_tasks: Annotated[
        int | None, typer.Option(help="How many tasks at once they do, at least.")
    ] = None,
    sort: Annotated[
        str, typer.Option(help="agent_id; performance or security: worst first.")
    ] = "agent_id",
    as_of: AsOf = None,
    limit: Most = 100,
    plain: AsJson = False,
) -> None:
    """List agents, or show one with its metrics and open findings."""
    client = Client.from_environment()
    if agent is not None:
        _one(client.get(f"/agents/{agent}", as_of=as_of), plain=plain)
        return
    asked: dict[str, Any] = {"status": status, "type": kind, "text": text, "as_of": as_of}
    asked |= {"health": health, "performance": performance, "sort": sort}
    asked |= {"security_below": security_below, "security_from": security_from}
    asked |= {"label": label, "capability": capability, "protocol": protocol}
    found = client.items("/agents", limit, **asked, least_tasks=least_tasks)
    columns = ("agent", "type", "status", "health", "score", "performance", "security", "last seen")
    as_list(found, columns, _row, plain=plain)


def _row(a: dict[str, Any]) -> tuple[object, ...]:
    health, work = a["health"], a["performance"] or {}
    judged = health["level"], health["score"], work.get("level"), a["security"]["score"]
    return a["agent_id"], a["agent_type"], a["status"], *judged, clock(a["last_seen"])


def _one(found: dict[str, Any], *, plain: bool) -> None:
    if plain:
        as_json(found)
        return
    health = found["health"]
    say(f"{found['agent_id']}: {found['status']}, {health['level']} ({health['score']})")
    if health["reasons"]:
        say(f"because of {', '.join(health['reasons'])}")
    if work := found["performance"]:
        parts = ", ".join(f"{name} {points:.0%}" for name, points in work["parts"].items())
        say(f"performance: {work['level']} ({work['score']:g}): {parts}")
    _security(found["security"])
    if found["labels"]:
        say(", ".join(f"{name}={value}" for name, value in sorted(found["labels"].items())))
    as_table(("metric", "value"), sorted(found["metrics"].items()))
    for finding in found["open_findings"]:
        say(f"{finding['severity']}: {finding['summary']}")


def _security(found: dict[str, Any]) -> None:
    say(f"security: {found['level']} ({found['score']:.0f})")
    for issue in found["issues"]:
        until = f"ended {clock(issue['ended_at'])}" if issue["ended_at"] else "open"
        say(f"  {issue['rule']} took {issue['points']:g}: {clock(issue['since'])}, {until}")
