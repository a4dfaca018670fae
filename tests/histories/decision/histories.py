"""Recorded histories of decision and governor: what lay in an inbox, and what was written.

``python -m tests.histories.decision.histories`` records them anew, on purpose: a difference is a
change of behaviour, and goes with a new version of the step and a recorded cut-over.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from config.policy import Policy, default_policy
from streams.contracts.events.action import ActionRequested, ApprovalGiven, PreviewRequested
from streams.contracts.events.agent import AgentHealthChanged, AgentRegistered
from tests.properties.loop import LABELS, Loop, Worker

FOLDER: Final = Path(__file__).parent


def crash_loop() -> Loop:
    """Let restarts work and not last, until at last one does."""
    loop = Loop(_shipped())
    for death in range(6):
        loop.down("web", f"down-{death}")
        loop.pump()
        while len(loop.commands()) <= death:
            loop.tick(5)
        loop.up("web", f"down-{death}")
        loop.finish(loop.commands()[death])
        loop.pump()
    loop.tick(120)
    return loop


def recovery_in_order() -> Loop:
    """Let three services that need each other die together; one restart fails."""
    loop = Loop(_shipped())
    needs = {"db": "", "app": "db", "web": "app"}
    for agent, needed in needs.items():
        labels = LABELS | {"depends_on": needed}
        data = AgentRegistered(agent, "service", provisional=False, labels=labels)
        loop.send("agent.registered", f"default/{agent}", data)
        _health(loop, agent, "healthy")
    for agent, needed in reversed(needs.items()):
        _health(loop, agent, "failing")
        loop.down(agent, f"down-{agent}", depends_on=needed)
    loop.pump()
    for agent, outcome in (("db", "failed"), ("db", "succeeded"), ("app", ""), ("web", "")):
        loop.finish(loop.commands()[-1], outcome or "succeeded")
        if outcome != "failed":
            loop.up(agent, f"down-{agent}")
            _health(loop, agent, "healthy")
        loop.pump()
    loop.tick(60)
    return loop


def approvals() -> Loop:
    """Ask for actions: one self-approved in vain, one rejected, one never answered, one exactly."""
    limits = replace(default_policy().limits, approval_ttl_s=120.0)
    loop = Loop(replace(default_policy(), version=2, limits=limits))
    data = AgentRegistered("web", "service", provisional=False, labels=LABELS)
    loop.send("agent.registered", "default/web", data)
    for by in ("ada", "ada", "bob"):
        request = ActionRequested("service.free_port", "default/web", {"port": 80}, by)
        loop.send("action.requested", "default/web", request)
        loop.pump()
    waiting = [event.data["action_id"] for event in loop.events("action.awaiting_approval")]
    answers = [(0, "ada", True), (0, "bob", True), (1, "bob", False)]
    for number, by, yes in answers:
        given = ApprovalGiven(waiting[number], approved=yes, by=by, reason="as discussed")
        loop.send("action.approval_given", "default/web", given)
        loop.pump()
    loop.tick(10)
    loop.finish(loop.commands()[0], "undone", detail="the port was taken again")
    loop.policy(replace(default_policy(), version=3))
    loop.tick(130)
    request = ActionRequested("service.free_port", "default/web", {"port": 80}, "ada")
    loop.send("action.requested", "default/web", request)
    loop.pump()
    waiting = [event.data["action_id"] for event in loop.events("action.awaiting_approval")]
    for action_id in (waiting[-1], waiting[1]):
        asked = PreviewRequested(action_id, "bob")
        loop.send("action.preview_requested", "default/web", asked)
        loop.pump()
    given = ApprovalGiven(waiting[-1], True, "bob", "just so", seen="digest", exactly=True)
    loop.send("action.approval_given", "default/web", given)
    loop.pump()
    return loop


HISTORIES: Final[dict[str, Callable[[], Loop]]] = {
    "crash_loop": crash_loop,
    "recovery_in_order": recovery_in_order,
    "approvals": approvals,
}


def _shipped() -> Policy:
    """Return the policy that ships, as an event: a history holds the policy that it ran under."""
    return replace(default_policy(), version=2)


def _health(loop: Loop, agent: str, level: str) -> None:
    data = AgentHealthChanged(level, 100.0 if level == "healthy" else 0.0, 0, loop.now, [])
    loop.send("agent.health_changed", f"default/{agent}", data)


def history_of(worker: Worker, loop: Loop) -> bytes:
    """Return what a worker read and what it wrote as JSON Lines, a record a line."""
    topic, partition = worker.step.inbox.name, worker.context.partition
    head = {"step": worker.step.name, "version": worker.step.version, "partition": partition}
    read = [
        {
            "timestamp": record.timestamp,
            "kind": (record.header("hs-kind") or b"").decode(),
            "key": (record.key or b"").decode() or None,
            "read": msgspec.json.decode(record.value or b""),
        }
        for record in loop.logs.get((topic, partition), [])
    ]
    mine = f"/steps/{worker.step.name}", f"{topic}/{partition}/"
    wrote = [
        {"topic": topic, "wrote": msgspec.json.decode(record.value or b"")}
        for (topic, _), log in sorted(loop.logs.items())
        for record in log
        if _from(record.value, *mine)
    ]
    return msgspec.json.Encoder().encode_lines([head, *read, *wrote])


def _from(value: bytes | None, source: str, place: str) -> bool:
    event = msgspec.json.decode(value or b"{}")
    return event.get("source") == source and event.get("position", "").startswith(place)


def path_of(name: str, worker: Worker) -> Path:
    return FOLDER / f"{name}.{worker.step.name}-{worker.context.partition}.jsonl"


def main() -> None:
    for name, play in HISTORIES.items():
        loop = play()
        for worker in loop.workers():
            path_of(name, worker).write_bytes(history_of(worker, loop))


if __name__ == "__main__":
    main()
