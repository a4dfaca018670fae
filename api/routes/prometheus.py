"""What a Prometheus server scrapes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

import psutil
from fastapi import APIRouter, Response

from api.exposition import MEDIA_TYPE, Family, exposition
from api.identity.guard import Viewer
from api.pulse import Part
from api.routes import READS
from api.services import Served
from projections.queries.dead_letters import count_dead_letters
from projections.queries.health import SystemHealth, system_health
from projections.queries.totals import (
    action_counts,
    agent_counts,
    agent_scores,
    open_finding_counts,
)

router = APIRouter(tags=["system"], responses=READS)
MOST_AGENTS: Final = 1000
"""Single agents that are told of, the worst first: a label a name is a series a name."""


@router.get("/metrics", response_class=Response)
async def metrics(served: Served, caller: Viewer) -> Response:
    """Return metrics in Prometheus' text format; a tenant's token sees its tenant only."""
    tenant = None if caller.everywhere else caller.tenant
    ask = served.ask_aside
    families = [
        Family("homeostat_agents", "gauge", "Agents that are known.",
               ("tenant", "type", "status", "health"), await ask(agent_counts, tenant)),
        Family("homeostat_findings_open", "gauge", "Findings that are open.",
               ("tenant", "kind", "severity"), await ask(open_finding_counts, tenant)),
        Family("homeostat_actions", "gauge", "Actions that are on record.",
               ("tenant", "action", "state", "outcome"), await ask(action_counts, tenant)),
        Family("homeostat_agent_health_score", "gauge",
               f"Health from 0 to 100, of the {MOST_AGENTS} agents with the lowest.",
               ("tenant", "agent"), await ask(agent_scores, tenant, MOST_AGENTS)),
    ]  # fmt: skip
    if caller.everywhere:
        families += await _installation(served)
    return Response(exposition(families), media_type=MEDIA_TYPE)


async def _installation(served: Served) -> list[Family]:
    now = time.time()
    parts = await served.pulse.parts(now)
    health = await served.ask_aside(system_health)
    letters = await served.ask_aside(count_dead_letters)
    return [
        Family("homeostat_part_up", "gauge", "Whether a part of the installation is well.",
               ("part",), [((name,), float(part.status == "ok")) for name, part in parts.items()]),
        Family("homeostat_projection_lag_records", "gauge", "Records that the views are behind.",
               (), _lag(parts)),
        Family("homeostat_projection_age_seconds", "gauge",
               "How old the newest record is that the views show, by partition.",
               ("topic", "partition"), _ages(health, now)),
        Family("homeostat_projected_records_total", "counter", "Records that the views hold.",
               ("topic", "partition"), _projected(health)),
        Family("homeostat_dead_letters_total", "counter", "Records that were not accepted.",
               ("reason",), [((reason,), float(n)) for reason, n in sorted(letters.items())]),
        Family("homeostat_api_resident_memory_bytes", "gauge", "Memory of the API's process.",
               (), [((), _resident())]),
    ]  # fmt: skip


def _lag(parts: dict[str, Part]) -> Iterator[tuple[tuple[str, ...], float]]:
    lag = parts["projector"].figures.get("lag_records")
    if lag is not None:
        yield (), lag


def _ages(health: SystemHealth, now: float) -> Iterator[tuple[tuple[str, ...], float]]:
    for p in health.partitions:
        yield (p.topic, str(p.partition)), max(0.0, now - p.record_time)


def _projected(health: SystemHealth) -> Iterator[tuple[tuple[str, ...], float]]:
    for p in health.partitions:
        yield (p.topic, str(p.partition)), float(p.next_offset)


def _resident() -> float:
    return float(psutil.Process().memory_info().rss)
