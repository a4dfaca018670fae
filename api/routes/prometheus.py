"""What a Prometheus server scrapes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

import psutil
from fastapi import APIRouter, Request, Response

from api.exposition import MEDIA_TYPE, Family, exposition
from api.identity.guard import Viewer
from api.metrics.intake import Intake
from api.metrics.kept import Kept
from api.metrics.parts import WORKER_LATE_S, lag_family, worker_families
from api.metrics.process import process_families
from api.metrics.requests import Latencies
from api.pulse import Part
from api.routes import READS
from api.services import Served, Services
from projections.queries.dead_letters import count_dead_letters
from projections.queries.health import SystemHealth
from projections.queries.scraped import (
    agent_statuses,
    count_agents,
    ended_action_counts,
)
from projections.queries.silences import standing_counts
from projections.queries.totals import (
    action_counts,
    active_incident_counts,
    agent_counts,
    agent_scores,
    open_finding_counts,
    open_threat_counts,
    performance_scores,
    security_scores,
    withheld_finding_counts,
)
from projections.queries.workers import seen_workers

router = APIRouter(tags=["system"], responses=READS)
MOST_AGENTS: Final = 1000
"""Single agents that are told of, the worst first: a label a name is a series a name."""


@router.get("/metrics", response_class=Response)
async def metrics(request: Request, served: Served, caller: Viewer) -> Response:
    """Return metrics in Prometheus' text format; a tenant's token sees its tenant only.

    The views are asked at most every five seconds.
    """
    kept: Kept = request.app.state.scrapes
    latencies: Latencies = request.app.state.latencies
    tenant = None if caller.everywhere else caller.tenant
    text = await kept.get(tenant, lambda: _viewed(served, tenant))
    if caller.everywhere:
        intake: Intake = request.app.state.intake
        text += latencies.text() + exposition([*intake.families(), *process_families()])
    return Response(text, media_type=MEDIA_TYPE)


async def _viewed(served: Services, tenant: str | None) -> str:
    return exposition(await families(served, tenant))


async def families(served: Services, tenant: str | None) -> list[Family]:
    """Return what the views tell of a tenant, or of the installation where it is None."""
    ask = served.ask_aside
    found = [
        Family("homeostat_agents", "gauge", "Agents that are known.",
               ("tenant", "type", "status", "health"), await ask(agent_counts, tenant)),
        Family("homeostat_findings_open", "gauge", "Findings that are open.",
               ("tenant", "kind", "severity"), await ask(open_finding_counts, tenant)),
        Family("homeostat_findings_withheld", "gauge",
               "Open findings that silences keep from asking for attention.",
               ("tenant", "kind", "severity"), await ask(withheld_finding_counts, tenant)),
        Family("homeostat_silences", "gauge", "Silences that are not over.", ("tenant", "kind"),
               await ask(standing_counts, tenant, time.time())),
        Family("homeostat_threats_open", "gauge", "Threats that are open, by the rule broken.",
               ("tenant", "rule", "severity"), await ask(open_threat_counts, tenant)),
        Family("homeostat_incidents_active", "gauge", "Incidents that are not closed.",
               ("tenant", "status", "severity"), await ask(active_incident_counts, tenant)),
        Family("homeostat_actions", "gauge", "Actions that are on record.",
               ("tenant", "action", "state", "outcome"), await ask(action_counts, tenant)),
        Family("homeostat_agent_health_score", "gauge",
               f"Health from 0 to 100, of the {MOST_AGENTS} agents with the lowest.",
               ("tenant", "agent"), await ask(agent_scores, tenant, MOST_AGENTS)),
        Family("homeostat_agent_security_score", "gauge",
               f"Trust from 0 to 99, of the {MOST_AGENTS} agents with the lowest that lost any.",
               ("tenant", "agent"), await ask(security_scores, tenant, MOST_AGENTS)),
        Family("homeostat_agent_performance_score", "gauge",
               f"Performance from 0 to 100, of the {MOST_AGENTS} agents with the lowest.",
               ("tenant", "agent"), await ask(performance_scores, tenant, MOST_AGENTS)),
    ]  # fmt: skip
    found += await _singly(served, tenant)
    if tenant is None:
        found += await _installation(served)
    return found


async def _singly(served: Services, tenant: str | None) -> list[Family]:
    ask = served.ask_aside
    statuses = await ask(agent_statuses, tenant, MOST_AGENTS)
    omitted = await ask(count_agents, tenant) - len(statuses)
    left_out = [] if tenant is not None else [((), float(max(omitted, 0)))]
    return [
        Family("homeostat_agent_status", "gauge",
               f"1 for the status that an agent has, of the {MOST_AGENTS} with the lowest health.",
               ("tenant", "agent", "status"), statuses),
        Family("homeostat_agents_omitted", "gauge",
               "Agents that are counted, but have no series of their own.", (), left_out),
        Family("homeostat_actions_total", "counter", "Actions that came to an end.",
               ("tenant", "action", "outcome"), await ask(ended_action_counts, tenant)),
    ]  # fmt: skip


async def _installation(served: Services) -> list[Family]:
    now = time.time()
    parts = await served.pulse.parts(now)
    health = await served.pulse.progress()
    workers = await served.ask_aside(seen_workers)
    living = {
        each.agent_id: each.metrics for each in workers if each.last_seen >= now - WORKER_LATE_S
    }
    letters = await served.ask_aside(count_dead_letters)
    return [
        lag_family(health),
        *worker_families(living),
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
