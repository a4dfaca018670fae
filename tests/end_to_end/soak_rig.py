"""A whole installation under load while its processes are killed, and a judge of what is left.

What the judge compares with is the log alone: every view must say what the log says, once.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from streams.contracts.envelope import Event, decode_event
from streams.contracts.record import Record
from streams.contracts.telemetry import Heartbeat, decode_heartbeat
from streams.contracts.topics import (
    ACTIONS,
    COMMANDS,
    DEAD_LETTERS,
    FINDINGS,
    FLEET,
    INCIDENTS,
    POLICIES,
    TELEMETRY,
)
from tests.end_to_end.chaos_rig import Load
from tests.end_to_end.harness import Installation, read_all

NUMBER = "number"
"""The metric that counts an agent's own heartbeats."""
WINDOW_S = 5.0
_SHOWN = (FLEET, FINDINGS, INCIDENTS, ACTIONS, COMMANDS, POLICIES, DEAD_LETTERS)
_PATIENCE_S = 120.0


class Stressed(Installation):
    """An installation with two workers."""

    environment = MappingProxyType({"HOMEOSTAT_WORKERS": "2"})

    def shorten(self) -> None:
        """Close windows and judge `cpu_usage` within seconds, so that a short run has news."""
        policy = self.get("/policy")["policy"]
        surveillance = policy["surveillance"] | {"window_s": WINDOW_S}
        surveillance["thresholds"] = [
            rule | {"duration_s": min(rule["duration_s"], 1.0)}
            for rule in surveillance["thresholds"]
        ]
        self.in_force(policy | {"surveillance": surveillance}, "soak")


class Numbered(Load):
    """Heartbeats that count themselves; each agent overheats now and then."""

    def _heartbeat(self) -> Heartbeat:
        plain = super()._heartbeat()
        number = float(plain.sequence or 0)
        hot = int(number) // 40 % 3 == 2
        metrics = {NUMBER: number, "cpu_usage": 97.0 if hot else 20.0}
        return Heartbeat(plain.agent_id, metrics, sequence=plain.sequence)


def faults(seed: int, **counts: int) -> list[str]:
    """Return what to kill, in an order that `seed` decides: ``faults(1, worker=2, broker=1)``."""
    planned = [role for role, count in counts.items() for _ in range(count)]
    random.Random(seed).shuffle(planned)
    return planned


async def disturb(
    homeostat: Stressed, load: Load, planned: Sequence[str], every: int, say: Callable[[str], None]
) -> None:
    """Send `every` heartbeats between two SIGKILLs, until each of `planned` was killed."""
    chance = random.Random(len(planned))
    for role in planned:
        await _acknowledged(load, every)
        pids = await asyncio.to_thread(homeostat.wait_for, lambda r=role: homeostat.pids(r), role)
        os.kill(chance.choice(pids), signal.SIGKILL)
        say(f"{len(load.acknowledged):>7,} acknowledged; killed a {role}")
    await _acknowledged(load, every)
    load.stop()


async def _acknowledged(load: Load, more: int) -> None:
    goal, deadline = len(load.acknowledged) + more, time.monotonic() + _PATIENCE_S
    while len(load.acknowledged) < goal:
        if time.monotonic() > deadline:
            raise AssertionError(f"{len(load.acknowledged)} acknowledged, and no more for minutes")
        await asyncio.sleep(0.05)


async def judge(homeostat: Stressed, load: Load) -> dict[str, int]:
    """Return totals, and under ``wrong_…`` and ``missing_…`` what must be zero.

    The system lives on meanwhile (agents fall silent), so a view must hold all that the log held
    before it was read, and nothing that the log does not hold after.
    """
    sent = heartbeats(await read_all(homeostat.connection, [TELEMETRY.name]))
    per_agent = Counter(one.key for one in sent)
    await asyncio.to_thread(_wait_for_windows, homeostat, per_agent)
    before = await _facts(homeostat)
    await asyncio.to_thread(_wait_for_events, homeostat, before)
    events, findings = list(pages(homeostat, "/events")), list(pages(homeostat, "/findings"))
    after = await _facts(homeostat)
    newest = {one.key: one.sequence or 0 for one in sorted(sent, key=lambda h: h.sequence or 0)}
    ids = [event["id"] for event in events]
    return {
        "acknowledged": len(load.acknowledged),
        "in_the_log": len(sent),
        "facts": len(before),
        "findings": len(findings),
        "missing_heartbeats": len(load.acknowledged - {(h.key, h.sequence or 0) for h in sent}),
        "missing_events": len(before.keys() - set(ids)),
        "wrong_events": len(ids) - len(set(ids) & after.keys()),
        "wrong_order": broken_chains(events),
        "wrong_latest": _wrong_latest(homeostat, newest),
        "wrong_windows": _wrong_windows(homeostat, per_agent),
        "missing_findings": len(_story(before) - _told(findings)),
        "wrong_findings": len(findings)
        - len({f["finding_id"] for f in findings})
        + len(_told(findings) - _story(after)),
    }


async def _facts(homeostat: Installation) -> dict[str, Event]:
    return once(await read_all(homeostat.connection, [topic.name for topic in _SHOWN]))


def heartbeats(records: Sequence[Record]) -> list[Heartbeat]:
    """Return the load's heartbeats: those that are not signed."""
    return [decode_heartbeat(record.value) for record in records if not record.headers]


def once(records: Sequence[Record]) -> dict[str, Event]:
    """Return each fact by its id, as any reader has it that drops what it has seen."""
    found: dict[str, Event] = {}
    for record in records:
        event = decode_event(record.value)
        found.setdefault(event.id, event)
    return found


def pages(homeostat: Installation, path: str, **parameters: Any) -> Iterator[dict[str, Any]]:
    """Give every item of a list of the API."""
    cursor: dict[str, str] = {}
    while True:
        page = homeostat.get(path, limit=200, **parameters, **cursor)
        yield from page["items"]
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}


def broken_chains(shown: Sequence[dict[str, Any]]) -> int:
    """Count status changes that do not begin where the agent's last one ended."""
    status: dict[str, str] = {}
    broken = 0
    for event in shown:
        if event["type"] == "agent.registered":
            status[event["subject"]] = "registered"
        if event["type"] == "agent.status_changed":
            broken += status.get(event["subject"]) != event["data"]["previous"]
            status[event["subject"]] = event["data"]["status"]
    return broken


def _window_counts(homeostat: Installation, key: str) -> int:
    agent = key.partition("/")[2]
    history = homeostat.get(f"/agents/{agent}/metrics", metric=NUMBER)
    return sum(point["count"] for point in history["items"]) if history else 0


def _wait_for_windows(homeostat: Installation, per_agent: Counter[str]) -> None:
    """Wait until the last window of every agent is closed, as the views have it."""
    for key, count in per_agent.items():
        what = f"{count} heartbeats of {key} in its windows"
        homeostat.wait_for(
            lambda k=key, n=count: _window_counts(homeostat, k) >= n, what, _PATIENCE_S
        )


def _wait_for_events(homeostat: Installation, facts: dict[str, Event]) -> None:
    """Wait until the views have come to the last of `facts`."""
    missing = set(facts)

    def all_shown() -> bool:
        missing.difference_update(event["id"] for event in pages(homeostat, "/events"))
        return not missing

    homeostat.wait_for(all_shown, f"event of {len(facts)} in the views", _PATIENCE_S)


def _wrong_windows(homeostat: Installation, per_agent: Counter[str]) -> int:
    return sum(_window_counts(homeostat, key) != count for key, count in per_agent.items())


def _wrong_latest(homeostat: Installation, newest: dict[str, int]) -> int:
    listed = [
        agent for agent in pages(homeostat, "/agents", text="a") if NUMBER in agent["metrics"]
    ]
    latest = {f"default/{agent['agent_id']}": agent["metrics"][NUMBER] for agent in listed}
    twice = len(listed) - len(latest)
    return twice + sum(latest.get(key) != number for key, number in newest.items())


def _story(facts: dict[str, Event]) -> set[tuple[str, str]]:
    """Return what became of each finding, as the log has it."""
    kinds = ("finding.raised", "finding.ended")
    return {(f.data["finding_id"], f.type) for f in facts.values() if f.type in kinds}


def _told(findings: Sequence[dict[str, Any]]) -> set[tuple[str, str]]:
    """Return what became of each finding, as the view has it."""
    raised = {(finding["finding_id"], "finding.raised") for finding in findings}
    ended = {(f["finding_id"], "finding.ended") for f in findings if f["ended_at"] is not None}
    return raised | ended


def vector_extensions() -> str:
    """Return the processor features that NumPy found here and can be told not to use."""
    found: list[str] = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    return " ".join(found)
