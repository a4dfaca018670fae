"""Commands that write: answers to what waits for a person, requests, measurements."""

from __future__ import annotations

import math
from typing import Annotated, Any, Final

import typer

from api.cli import completing
from api.cli.answering import answered, newest
from api.cli.client import REFUSED, USAGE, Client, CommandError
from api.cli.options import ASKED, Action, AsJson, Reason
from api.cli.previews import confirmed, looked_at, preview, show
from api.cli.show import as_list, as_receipt

_VERBS: Final = ("restart", "start", "stop")
_CHANGED: Final = "agent.status_changed"
_REFUSED: Final = "agent.transition_refused"


def approve(
    action: Action,
    reason: Reason,
    exactly: Annotated[
        bool, typer.Option("--exactly", help="Only while a dry run says just what is shown now.")
    ] = False,
    plain: AsJson = False,
) -> None:
    """Approve an action that waits for a person, once it was shown; all guards run again."""
    client = Client.from_environment()
    found = looked_at(client, client.get(f"/actions/{action}"))
    if not plain:
        show(found)
        if ASKED:
            confirmed(f"{found['action']} for {found['agent_id']}: approve it?")
    seen = (found["preview"] or {}).get("digest", "")
    _answer(client, found, "approve", reason, plain=plain, seen=seen, exactly=exactly)


def reject(action: Action, reason: Reason, plain: AsJson = False) -> None:
    """Reject an action that waits for a person."""
    client = Client.from_environment()
    _answer(client, client.get(f"/actions/{action}"), "reject", reason, plain=plain)


def _answer(
    client: Client, found: dict[str, Any], verb: str, reason: str, *, plain: bool, **more: Any
) -> None:
    body = {"reason": reason, "preview_hash": found["preview_hash"], **more}
    receipt = client.send("POST", f"/actions/{found['action_id']}/{verb}", body)
    as_receipt(receipt, plain=plain)


def accept(
    finding: Annotated[str, typer.Argument(help="Its id.", autocompletion=completing.findings)],
    reason: Reason,
    plain: AsJson = False,
) -> None:
    """Accept what the detector found as the new normal."""
    client = Client.from_environment()
    receipt = client.send("POST", f"/findings/{finding}/accept", {"reason": reason})
    as_receipt(receipt, plain=plain)


def relearn(
    agent: Annotated[str, typer.Argument(help="The agent's id.", autocompletion=completing.agents)],
    reason: Reason,
    metrics: Annotated[
        list[str] | None, typer.Argument(help="Which metrics. Default: all.")
    ] = None,
    plain: AsJson = False,
) -> None:
    """Forget what is normal for an agent, and learn it anew."""
    client = Client.from_environment()
    client.get(f"/agents/{agent}")
    body = {"metrics": metrics or [], "reason": reason}
    receipt = client.send("POST", f"/agents/{agent}/relearn", body)
    as_receipt(receipt, plain=plain)


def services(
    verb: Annotated[
        str | None, typer.Argument(help="restart, start or stop.", autocompletion=lambda: _VERBS)
    ] = None,
    name: Annotated[
        str | None, typer.Argument(help="The service.", autocompletion=completing.services)
    ] = None,
    plain: AsJson = False,
) -> None:
    """List the declared services, or ask for one to be restarted, started or stopped."""
    client = Client.from_environment()
    if verb is not None:
        if verb not in _VERBS or name is None:
            raise CommandError(USAGE, "write: homeostat services restart|start|stop NAME")
        client.get(f"/agents/{name}")
        body = {"action": f"service.{verb}", "target": name}
        receipt = client.send("POST", "/actions", body)
        as_receipt(receipt, f"asked for, at {receipt['position']}", plain=plain)
        return
    found = [a for a in client.items("/agents", 1000, type="service") if a["labels"].get("managed")]
    columns = ("service", "host", "health", "restarts", "latency ms", "last exit")
    as_list(found, columns, _service, plain=plain)


def _service(a: dict[str, Any]) -> tuple[object, ...]:
    labels, metrics = a["labels"], a["metrics"]
    measured = metrics.get("restarts"), metrics.get("response_time_avg")
    return (
        a["agent_id"],
        labels.get("host"),
        a["health"]["level"],
        *measured,
        labels.get("last_exit"),
    )


def lifecycle(
    agent: Annotated[str, typer.Argument(help="The agent's id.", autocompletion=completing.agents)],
    status: Annotated[str, typer.Argument(help="Such as active, which releases the quarantined.")],
    reason: Reason,
    plain: AsJson = False,
) -> None:
    """Ask for another status of an agent, and say what became of it; exit status 4 if refused."""
    client = Client.from_environment()
    tenant = client.get(f"/agents/{agent}")["tenant_id"]
    body, before = {"status": status, "reason": reason}, newest(client)
    receipt = client.send("POST", f"/agents/{agent}/lifecycle", body)

    def answers(event: dict[str, Any]) -> bool:
        if event["type"] == _REFUSED:
            return bool(event["correlation_id"] == receipt["event_id"])
        return bool(event["type"] == _CHANGED and body.items() <= event["data"].items())

    answer = answered(client, f"{tenant}/{agent}", before, answers)
    receipt |= {"answer": answer and {"type": answer["type"], **answer["data"]}}
    as_receipt(receipt, f"{agent}: {_became(receipt, status)}", plain=plain)
    if answer is not None and answer["type"] == _REFUSED:
        raise typer.Exit(REFUSED)


def _became(receipt: dict[str, Any], wanted: str) -> str:
    answer = receipt["answer"]
    if answer is None:
        return f"asked for, at {receipt['position']}; nothing has answered yet"
    if answer["type"] == _CHANGED:
        return f"{answer['status']} now, was {answer['previous']}"
    return f"{wanted} is refused, {answer['reason']}: it is {answer['status']}, {_may(answer)}"


def _may(answer: dict[str, Any]) -> str:
    from processors.lifecycle.transitions import TABLE, Status

    targets = sorted(TABLE[Status(answer["status"])])
    return f"and may become {', '.join(targets)}" if targets else "which is final"


def publish(
    agent: Annotated[str, typer.Argument(help="The agent's id.", autocompletion=completing.agents)],
    metrics: Annotated[list[str], typer.Argument(help="NAME=NUMBER, one or more.")],
    plain: AsJson = False,
) -> None:
    """Send one heartbeat through the API."""
    values = dict(_measurement(text) for text in metrics)
    client = Client.from_environment()
    receipt = client.send("POST", f"/agents/{agent}/metrics", {"metrics": values})
    as_receipt(receipt, f"accepted at {receipt['position']}", plain=plain)


def _measurement(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        detail = f"{text!r} is no measurement; write NAME=NUMBER, such as cpu_usage=41.5"
        raise CommandError(USAGE, detail)
    return name, number


COMMANDS = (preview, approve, reject, accept, relearn, services, lifecycle, publish)
