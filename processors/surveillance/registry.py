"""Agents come and go: slots, series, and the facts that say so."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

from processors.lifecycle.transitions import Status
from processors.step import Emission
from processors.surveillance import threats
from processors.surveillance.findings import end_all
from processors.surveillance.state import (
    DEFAULT_TYPE,
    STATUS_CODE,
    Profile,
    ShapeColumns,
    SurveillanceState,
    fact,
)
from streams.contracts.errors import ContractError, InvalidField
from streams.contracts.events.agent import AgentLabelled, AgentRegistered, RegistrationRequested
from streams.contracts.telemetry import RESERVED, Heartbeat

_SHAPES_KEPT: Final = 10_000


def register(state: SurveillanceState, offset: int, heartbeat: Heartbeat) -> list[Emission]:
    """Make room for an agent that was never heard of.

    Raises
    ------
    ContractError
        ``agent_limit`` where the partition is full.
    """
    limit = state.policy.surveillance.max_agents_per_partition
    if len(state.slots) + len(state.blocked) >= limit:
        detail = f"this partition holds {limit} agents; raise max_agents_per_partition"
        raise ContractError("agent_limit", detail)
    _check_metric_limit(state, len(heartbeat.metrics))
    slot = _take_slot(state, heartbeat)
    kind, at = state.profile(slot).agent_type, state.time
    name, labels = heartbeat.agent_id, heartbeat.labels
    registered = AgentRegistered(
        name, kind, provisional=True, labels=labels, metrics=heartbeat.metrics
    )
    request = RegistrationRequested(name, kind, labels)
    return [fact(state, offset, slot, data, at) for data in (registered, request)]


def _take_slot(state: SurveillanceState, heartbeat: Heartbeat) -> int:
    slot = state.agents.take()
    if slot == len(state.profiles):
        state.profiles.append(None)
    names = tuple(heartbeat.metrics)
    # Freed rows are scattered: an agent that finds enough of them gets its series one by one.
    shape = () if len(state.series.free) >= len(names) else _shared(state, names)
    agent_type = heartbeat.agent_type or DEFAULT_TYPE
    base = state.series.take_block(len(shape))
    profile = Profile(heartbeat.key, agent_type, heartbeat.labels, shape, base, {})
    state.profiles[slot] = profile
    state.slots[profile.key] = slot
    state.agents.status[slot] = STATUS_CODE[Status.REGISTERED]
    _begin_block(state, base, slot, shape, agent_type)
    return slot


def series_for(state: SurveillanceState, slot: int, metrics: dict[str, float]) -> list[int]:
    """Return the series of any set of metrics of an agent, beginning those that are new.

    Raises
    ------
    InvalidField
        Where the agent would have more series than the policy allows.
    """
    profile = state.profile(slot)
    first = {metric: profile.base + i for i, metric in enumerate(profile.shape)}
    new = [m for m in metrics if m not in first and m not in profile.extra]
    if new:
        _check_metric_limit(state, len(first) + len(profile.extra) + len(new))
    for metric in new:
        series = profile.extra[metric] = state.series.take()
        _begin_series(state, series, slot, metric)
    return [first[m] if m in first else profile.extra[m] for m in metrics]


def check_room(state: SurveillanceState, slot: int, metrics: dict[str, float]) -> None:
    """Raise `InvalidField` where `series_for` would, and begin nothing."""
    profile = state.profile(slot)
    held = {*profile.shape, *profile.extra}
    _check_metric_limit(state, len(held | metrics.keys()))


def _check_metric_limit(state: SurveillanceState, held: int) -> None:
    limit = state.policy.surveillance.max_metrics_per_agent
    if held > limit:
        remedy = f"an agent may have at most {limit}; send fewer names or raise the limit"
        raise InvalidField("metric_limit", "metrics", f"{held} metrics", remedy)


def relabel(
    state: SurveillanceState, offset: int, slot: int, agent_type: str, labels: dict[str, str]
) -> list[Emission]:
    """Give an agent a type and labels that differ from what it had."""
    profile = state.profile(slot)
    profile.agent_type, profile.labels = agent_type, labels
    assign_rules(state, state.series_of(slot))
    data = AgentLabelled(profile.agent_type, profile.labels)
    return [fact(state, offset, slot, data, state.time), *threats.rewatch(state, offset, slot)]


def drop(state: SurveillanceState, offset: int, slot: int, reason: str) -> list[Emission]:
    """Forget an agent; `reason` (``agent_gone``) ends its findings."""
    emissions = retire(state, offset, slot, reason)
    del state.slots[state.profile(slot).key]
    state.profiles[slot] = None
    state.agents.release(slot)
    return emissions


def retire(state: SurveillanceState, offset: int, slot: int, reason: str) -> list[Emission]:
    """End an agent's findings and free its series, but remember that it was there."""
    emissions = end_all(state, offset, slot, reason, state.time)
    for series in state.series_of(slot):
        state.security.watches.end(state.series.watch, series)
        state.series.release(series)
    state.security.forget(slot)
    state.performance.forget(slot)
    profile = state.profile(slot)
    profile.shape, profile.extra, profile.gone = (), {}, True
    return emissions


def assign_rules(state: SurveillanceState, rows: list[int]) -> None:
    """Find the threshold that judges each of these series, and whether the detector does."""
    c = state.series
    for row in rows:
        metric = state.metric_names[c.metric[row]]
        found = _columns(state, (metric,), state.profile(int(c.slot[row])).agent_type)
        c.rule[row], c.judged[row] = found.rule[0], found.judged[0]


def _begin_block(
    state: SurveillanceState, base: int, slot: int, shape: tuple[str, ...], agent_type: str
) -> None:
    c, rows = state.series, slice(base, base + len(shape))
    c.slot[rows] = slot
    c.metric[rows], c.judged[rows], c.rule[rows] = _columns(state, shape, agent_type)
    security = state.security
    for series, metric in enumerate(shape, base):
        if wanted := security.rules.of_metric(metric, agent_type):
            security.watches.begin(security.rules, c.watch, series, slot, wanted)


def _columns(state: SurveillanceState, shape: tuple[str, ...], agent_type: str) -> ShapeColumns:
    """Return the columns of a shape; a fleet has few of them, so they are kept."""
    found = state.columns.get((shape, agent_type))
    if found is None:
        if len(state.columns) >= _SHAPES_KEPT:
            state.columns.clear()
        found = state.columns[shape, agent_type] = ShapeColumns(
            [_metric_id(state, metric) for metric in shape],
            [_is_judged(state, metric) for metric in shape],
            [state.rules.find(metric, agent_type) for metric in shape],
        )
    return found


def _is_judged(state: SurveillanceState, metric: str) -> bool:
    ignores = state.policy.surveillance.detector.ignores
    return metric not in RESERVED and not any(fnmatchcase(metric, each) for each in ignores)


def _metric_id(state: SurveillanceState, metric: str) -> int:
    known = state.metrics.get(metric)
    if known is None:
        known = state.metrics[metric] = len(state.metric_names)
        state.metric_names.append(metric)
    return known


def _begin_series(state: SurveillanceState, row: int, slot: int, metric: str) -> None:
    _begin_block(state, row, slot, (metric,), state.profile(slot).agent_type)


def _shared(state: SurveillanceState, shape: tuple[str, ...]) -> tuple[str, ...]:
    if len(state.shapes) >= _SHAPES_KEPT:
        state.shapes.clear()
    return state.shapes.setdefault(shape, shape)
