"""`homeostat silences`: what shall ask for nobody's attention for a while."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

import typer

from api.cli import completing
from api.cli.client import USAGE, Client, CommandError
from api.cli.options import AsJson, AsOf, Most, Reason
from api.cli.show import as_json, as_list, as_receipt, clock, say
from api.cli.tokens import seconds
from streams.contracts.events.silence import Matcher, written

silences = typer.Typer(
    name="silences",
    help="What should ask for nobody's attention for a while.",
    no_args_is_help=True,
)
_CONDITION: Final = re.compile(r"([a-z]+(?:\.[A-Za-z0-9_.:/-]+)?)(!?)=(.+)")
Matchers = Annotated[
    list[str] | None,
    typer.Option(
        "--match",
        help="A condition, such as agent=web-* or kind!=anomaly; all must hold. By agent, type, "
        "host, group, kind, metric, severity, rule or label.NAME; * ? and | in values.",
    ),
]
OfFinding = Annotated[
    str | None,
    typer.Option(
        "--finding",
        help="What resembles this finding: its agent, kind and metric.",
        autocompletion=completing.findings,
    ),
]
Tenant = Annotated[str | None, typer.Option(help="A tenant. Default: the token's own.")]
Silence = Annotated[str, typer.Argument(help="Its id.", autocompletion=completing.silences)]


def matcher(text: str) -> dict[str, Any]:
    """Return a condition as the API takes it.

    Raises
    ------
    CommandError
        Where it is none.

    Examples
    --------
    >>> matcher("kind!=anomaly")
    {'name': 'kind', 'value': 'anomaly', 'negated': True}
    """
    found = _CONDITION.fullmatch(text)
    if found is None:
        detail = f"{text!r} is no condition; write NAME=VALUE or NAME!=VALUE, such as agent=web-*"
        raise CommandError(USAGE, detail)
    return {"name": found[1], "value": found[3], "negated": bool(found[2])}


@silences.command()
def create(
    reason: Reason,
    match: Matchers = None,
    finding: OfFinding = None,
    lasts: Annotated[str | None, typer.Option("--for", help="Such as 30m, 2h or 3d.")] = None,
    until: Annotated[str | None, typer.Option(help="Until when, instead of --for.")] = None,
    starts: Annotated[str | None, typer.Option("--from", help="From when. Default: now.")] = None,
    maintenance: Annotated[
        bool, typer.Option("--maintenance", help="Hold back automatic actions as well.")
    ] = False,
    days: Annotated[
        str | None, typer.Option(help="If recurring: on these days, such as sat,sun.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="If recurring: from this time of day, such as 02:30.")
    ] = None,
    window: Annotated[
        str | None, typer.Option(help="If recurring: for how long each time, such as 1h.")
    ] = None,
    zone: Annotated[
        str, typer.Option(help="If recurring: the time zone of days and time.")
    ] = "UTC",
    everything: Annotated[
        bool, typer.Option("--everything", help="Required to silence everything of the tenant.")
    ] = False,
    tenant: Tenant = None,
    plain: AsJson = False,
) -> None:
    """Create a silence or a maintenance window, once or recurring."""
    client = Client.from_environment()
    body = {
        "matchers": _conditions(client, match, finding),
        "reason": reason,
        "starts_at": starts,
        "ends_at": until,
        "lasts_s": None if lasts is None else seconds(lasts),
        "recurrence": _recurrence(days, at, window, zone),
        "maintenance": maintenance,
        "everything": everything,
    }
    made = client.send("POST", "/silences", body, tenant=tenant)
    if plain:
        as_json(made)
        return
    kind = "maintenance" if maintenance else "silence"
    span = f"from {clock(made['starts_at'])} to {clock(made['ends_at'])}"
    say(f"{kind} {made['silence_id']} {span}; end it with `homeostat silences end`")


@silences.command()
def preview(
    match: Matchers = None, finding: OfFinding = None, tenant: Tenant = None, plain: AsJson = False
) -> None:
    """Tell which open findings it would withhold now; nothing is created."""
    client = Client.from_environment()
    body = {"matchers": _conditions(client, match, finding)}
    found = client.send("POST", "/silenced", body, tenant=tenant)
    if plain:
        as_json(found)
        return
    say(f"{found['matching']} of {found['open']} open findings match")
    if found["agents"]:
        say(f"on {', '.join(found['agents'])}")


@silences.command("list")
def list_(
    state: Annotated[
        str, typer.Option(help="standing, over, active, pending, expired, ended, refused or all.")
    ] = "standing",
    as_of: AsOf = None,
    limit: Most = 50,
    tenant: Tenant = None,
    plain: AsJson = False,
) -> None:
    """List silences with what they are about, newest first."""
    wanted = None if state == "all" else state
    client = Client.from_environment()
    found = client.items("/silences", limit, state=wanted, as_of=as_of, tenant=tenant)
    columns = ("silence", "state", "kind", "about", "until", "by", "reason")
    as_list(found, columns, _row, plain=plain)


@silences.command()
def show(silence: Silence, tenant: Tenant = None, plain: AsJson = False) -> None:
    """Show one: when, about what, by whom, and what became of it."""
    found = Client.from_environment().get(f"/silences/{silence}", tenant=tenant)
    if plain:
        as_json(found)
        return
    say(f"{_kind(found)}, {found['state']}: {about(found)}")
    say(f"by {found['created_by']} at {clock(found['created_at'])}: {found['reason']}")
    say(_when(found))
    if found["ended_at"]:
        by = f" by {found['ended_by']}" if found["ended_by"] else ""
        say(f"{found['state']} at {clock(found['ended_at'])}{by}: {found['end_reason']}")


@silences.command()
def end(silence: Silence, reason: Reason, tenant: Tenant = None, plain: AsJson = False) -> None:
    """End one now; what still fires asks for attention, and is acted on, as if it were new."""
    client = Client.from_environment()
    receipt = client.send("POST", f"/silences/{silence}/end", {"reason": reason}, tenant=tenant)
    as_receipt(receipt, plain=plain)


def about(silence: dict[str, Any]) -> str:
    """Return a silence's conditions as they are written.

    Examples
    --------
    >>> about({"matchers": [{"name": "agent", "value": "web-*", "negated": False}]})
    'agent=web-*'
    """
    return written(Matcher(m["name"], m["value"], m["negated"]) for m in silence["matchers"])


def _row(silence: dict[str, Any]) -> tuple[object, ...]:
    said = silence["created_by"], silence["reason"]
    until = silence["turns_at"] if silence["state"] == "active" else silence["ends_at"]
    return (
        silence["silence_id"], silence["state"], _kind(silence), about(silence), clock(until), *said
    )  # fmt: skip


def _kind(silence: dict[str, Any]) -> str:
    return "maintenance" if silence["maintenance"] else "silence"


def _when(silence: dict[str, Any]) -> str:
    span = f"from {clock(silence['starts_at'])} to {clock(silence['ends_at'])}"
    again = silence["recurrence"]
    if again is None:
        return span
    window = f"at {again['start']} for {again['lasts_s']} s by {again['time_zone']}"
    return f"{','.join(again['days'])} {window}, {span}"


def _conditions(
    client: Client, match: list[str] | None, finding: str | None
) -> list[dict[str, Any]]:
    found = [matcher(text) for text in match or ()]
    if finding is None:
        return found
    like = client.get(f"/findings/{finding}")
    wanted = {"agent": like["agent_id"], "kind": like["kind"], "metric": like["metric"]}
    alike = [{"name": name, "value": value} for name, value in wanted.items() if value]
    return found + [each | {"negated": False} for each in alike]


def _recurrence(
    days: str | None, at: str | None, window: str | None, zone: str
) -> dict[str, Any] | None:
    if days is None and at is None and window is None:
        return None
    if days is None or at is None or window is None:
        raise CommandError(USAGE, "what recurs needs all of --days, --at and --window")
    named = [day.strip().lower() for day in days.split(",")]
    return {"days": named, "start": at, "lasts_s": seconds(window), "time_zone": zone}
