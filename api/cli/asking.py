"""Commands that ask the API, and write nothing."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from api.cli import completing
from api.cli.client import NO, Client
from api.cli.options import AsJson, AsOf, Most, OfAgent
from api.cli.show import as_json, as_line, as_table, clock, say

_LATEST: Final = 2**53 - 1
"""Greater than every `seq` that the API may tell."""


def status(plain: AsJson = False) -> None:
    """Say in a few lines how everything is; exit status 1 where something is not well."""
    client = Client.from_environment()
    health = client.get("/system/health")
    if health["components"]["database"]["status"] != "ok":
        _parts_alone(health, plain=plain)
        raise typer.Exit(NO)
    fleet = client.get("/fleet")
    findings = client.items("/findings", 1000, state="open")
    waiting = client.items("/actions", 1000, state="awaiting")
    incidents = client.items("/incidents", 1000, status="active")
    well = health["status"] == "ok" and not findings
    if plain:
        as_json(
            {
                "well": well,
                "system": health,
                "agents": len(fleet["agent_id"]),
                "failing": fleet["health"].count("failing"),
                "open_findings": findings,
                "awaiting": waiting,
                "active_incidents": incidents,
            }
        )
    else:
        say(f"{len(fleet['agent_id'])} agents, {fleet['health'].count('failing')} failing")
        say(f"active incidents {len(incidents)}, open findings {len(findings)}")
        say(f"{len(waiting)} actions wait for a person")
        _parts(health)
    raise typer.Exit(0 if well else NO)


def _parts_alone(health: dict[str, Any], *, plain: bool) -> None:
    """Say how the parts are while nothing else can be read."""
    if plain:
        as_json({"well": False, "system": health})
    else:
        say("the views cannot be read now, so nothing is known of agents and findings")
        _parts(health)


def _parts(health: dict[str, Any]) -> None:
    parts = health["components"].items()
    as_table(("part", "state", "detail"), ((n, p["status"], p["detail"]) for n, p in parts))


def agents(
    agent: Annotated[
        str | None, typer.Argument(help="One agent's id.", autocompletion=completing.agents)
    ] = None,
    status: Annotated[str | None, typer.Option(help="Such as offline.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Such as host.")] = None,
    text: Annotated[str | None, typer.Option(help="Occurs in id, type or labels.")] = None,
    performance: Annotated[str | None, typer.Option(help="A level, such as poor.")] = None,
    security_below: Annotated[
        float | None, typer.Option(help="Only those with a lower security score.")
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
        _agent(client.get(f"/agents/{agent}", as_of=as_of), plain=plain)
        return
    asked = {"status": status, "type": kind, "text": text, "as_of": as_of}
    asked |= {"performance": performance, "sort": sort}
    found = client.items("/agents", limit, **asked, security_below=security_below)
    if plain:
        as_json(found)
        return
    columns = ("agent", "type", "status", "health", "score", "performance", "security", "last seen")
    as_table(
        columns,
        (
            (a["agent_id"], a["agent_type"], a["status"], a["health"]["level"],
             a["health"]["score"], (a["performance"] or {}).get("level"),
             a["security"]["score"], clock(a["last_seen"]))
            for a in found
        ),
    )  # fmt: skip


def _agent(found: dict[str, Any], *, plain: bool) -> None:
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
    as_table(("metric", "value"), sorted(found["metrics"].items()))
    for finding in found["open_findings"]:
        say(f"{finding['severity']}: {finding['summary']}")


def _security(found: dict[str, Any]) -> None:
    say(f"security: {found['level']} ({found['score']:.0f})")
    for issue in found["issues"]:
        until = f"ended {clock(issue['ended_at'])}" if issue["ended_at"] else "open"
        say(f"  {issue['rule']} took {issue['points']:g}: {clock(issue['since'])}, {until}")


def findings(
    finding: Annotated[
        str | None,
        typer.Argument(help="One finding's id: its chain.", autocompletion=completing.findings),
    ] = None,
    state: Annotated[str | None, typer.Option(help="open or ended.")] = "open",
    agent: OfAgent = None,
    as_of: AsOf = None,
    limit: Most = 50,
    plain: AsJson = False,
) -> None:
    """List what is wrong, or show why: one finding's chain to its outcome."""
    client = Client.from_environment()
    if finding is not None:
        _chain(client.get(f"/findings/{finding}/chain"), plain=plain)
        return
    wanted = None if state == "all" else state
    found = client.items("/findings", limit, state=wanted, agent=agent, as_of=as_of)
    if plain:
        as_json(found)
        return
    columns = ("finding", "severity", "agent", "raised", "summary")
    as_table(
        columns,
        (
            (f["finding_id"], f["severity"], f["agent_id"], clock(f["raised_at"]), f["summary"])
            for f in found
        ),
    )


def _chain(found: dict[str, Any], *, plain: bool) -> None:
    if plain:
        as_json(found)
        return
    columns = ("after ms", "event", "by", "detail")
    as_table(
        columns,
        (
            (e["total_ms"], e["type"], e["source"], e["data"].get("summary")
             or e["data"].get("detail") or e["data"].get("action") or "")
            for e in found["items"]
        ),
    )  # fmt: skip


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
        _action(client.get(f"/actions/{action}", as_of=as_of), plain=plain)
        return
    found = client.items("/actions", limit, state=state or None, agent=agent, as_of=as_of)
    if plain:
        as_json(found)
        return
    columns = ("action", "what", "agent", "state", "outcome", "created")
    as_table(
        columns,
        (
            (a["action_id"], a["action"], a["agent_id"], a["state"], a["outcome"],
             clock(a["created_at"]))
            for a in found
        ),
    )  # fmt: skip


def _action(found: dict[str, Any], *, plain: bool) -> None:
    if plain:
        as_json(found)
        return
    say(f"{found['action']} for {found['agent_id']}: {found['state']} {found['outcome']}".rstrip())
    for name in ("reason", "detail", "approved_by", "check"):
        if found[name]:
            say(f"{name.replace('_', ' ')}: {found[name]}")
    if preview := found["evidence"].get("preview"):
        say(f"would run: {preview}")
    columns = ("candidate", "expected value", "risk", "score", "mode", "rejected")
    as_table(
        columns,
        (
            (c["action"], c["expected_value"], c["risk"], c["score"], c["mode"], c["rejected"])
            for c in found["candidates"]
        ),
    )


def events(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as they happen.")] = False,
    kind: Annotated[list[str] | None, typer.Option("--type", help="One or more types.")] = None,
    limit: Most = 20,
    plain: AsJson = False,
) -> None:
    """Print the latest events; with --follow each as it happens, one JSON line with --json."""
    client = Client.from_environment()
    page = client.get("/events", before=_LATEST, limit=min(limit, 1000), type=kind or None)
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


COMMANDS = (status, agents, findings, actions, events)
