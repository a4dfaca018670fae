"""What people say of the detector's findings: this is normal now; learn this anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from processors.columns import Ints
from processors.detection.company import forget as forget_company
from processors.detection.course import accept as take_climb
from processors.detection.course import forget as forget_course
from processors.detection.course import settle
from processors.detection.memory import AGENT_MEMORY, doubt, forget
from processors.step import Emission, Fact
from processors.surveillance import anomaly, clocks, company, gaps
from processors.surveillance.courses import judging
from processors.surveillance.courses.went import CHANNELS, CLIMBS, MISSING, STILL
from processors.surveillance.findings import assess, end_finding
from processors.surveillance.state import SurveillanceState, series_of
from streams.contracts.envelope import Event
from streams.contracts.errors import ContractError, InvalidField
from streams.contracts.events.agent import RelearnRequested
from streams.contracts.events.finding import AcceptanceRequested


def accept(
    state: SurveillanceState, offset: int, event: Event, asked: AcceptanceRequested
) -> list[Emission]:
    """End a finding of the detector's: what it shows is normal from now on.

    Raises
    ------
    ContractError
        ``unknown_finding`` where it is not open, ``not_acceptable`` where a rule raised it.
    """
    slot = _slot(state, event)
    opened = state.findings.get(slot, {})
    name = next((n for n, each in opened.items() if each.finding_id == asked.finding_id), None)
    if name is None:
        detail = f"{event.subject} has no open finding {asked.finding_id}"
        raise ContractError("unknown_finding", detail)
    channel, _, metric = name.partition("/")
    learn = _LEARNT.get(channel)
    if learn is None:
        detail = f"{opened[name].kind} follows from a rule; change the rule in the policy"
        raise ContractError("not_acceptable", detail)
    if channel == anomaly.CHANNEL:
        emissions = anomaly.calm(state, offset, slot, "new_normal", state.time)
        # A person may be early: where the metric settles is not known yet.
        doubt(state.series, np.array([series_of(state, slot, metric)]))
    else:
        learn(state, slot, metric)
        emissions = end_finding(state, offset, slot, name, "new_normal", state.time)
    return _because(event, emissions + assess(state, offset, slot, state.time))


def relearn(
    state: SurveillanceState, offset: int, event: Event, asked: RelearnRequested
) -> list[Emission]:
    """Forget what is usual of an agent's metrics, and end what was found by it.

    Raises
    ------
    InvalidField
        Where the agent has no such metric.
    """
    slot = _slot(state, event)
    rows = _rows(state, slot, asked.metrics)
    emissions = judging.end(state, offset, rows, "relearnt")
    emissions += company.end(state, offset, rows, "relearnt")
    emissions += anomaly.calm(state, offset, slot, "relearnt", state.time)
    # What the metrics say together is another thing now, and is judged mildly for a day.
    for column, (_, blank) in AGENT_MEMORY.items():
        getattr(state.agents, column)[slot] = blank
    forget(state.series, rows)
    forget_course(state.series, rows)
    forget_company(state.series, rows)
    return _because(event, emissions + assess(state, offset, slot, state.time))


def _still(state: SurveillanceState, slot: int, metric: str) -> None:
    row = series_of(state, slot, metric)
    settle(state.series, np.array([row]))
    state.series.told[row] &= ~STILL & 0xFF


def _climb(state: SurveillanceState, slot: int, metric: str) -> None:
    row = series_of(state, slot, metric)
    take_climb(state.series, row)
    state.series.told[row] &= ~CLIMBS & 0xFF


def _missing(state: SurveillanceState, slot: int, metric: str) -> None:
    row = series_of(state, slot, metric)
    forget(state.series, np.array([row]))
    state.series.told[row] &= ~MISSING & 0xFF


def _company(state: SurveillanceState, slot: int, metric: str) -> None:
    company.accept(state, slot)
    state.series.told[series_of(state, slot, metric)] &= ~company.ALONE & 0xFF


def _gaps(state: SurveillanceState, slot: int, _: str) -> None:
    state.agents.usually_lost[slot] = state.agents.lost[slot]
    state.agents.losing[slot] = False


_LEARNT: Final[dict[str, Callable[[SurveillanceState, int, str], None]]] = {
    anomaly.CHANNEL: lambda *_: None,
    CHANNELS[STILL]: _still,
    CHANNELS[CLIMBS]: _climb,
    CHANNELS[MISSING]: _missing,
    gaps.CHANNEL: _gaps,
    company.CHANNEL: _company,
    clocks.CHANNEL: lambda state, slot, _: clocks.accept(state, slot),
}


def _slot(state: SurveillanceState, event: Event) -> int:
    slot = state.slots.get(event.subject)
    if slot is None:
        raise ContractError("unknown_agent", f"{event.subject} was never heard of here")
    return slot


def _rows(state: SurveillanceState, slot: int, metrics: list[str]) -> Ints:
    profile = state.profile(slot)
    unknown = sorted(set(metrics) - {*profile.shape, *profile.extra})
    if unknown:
        known = ", ".join(sorted({*profile.shape, *profile.extra})) or "none"
        raise InvalidField("unknown_metric", "metrics", unknown[0], f"{profile.key} has {known}")
    wanted = [series_of(state, slot, metric) for metric in metrics] or state.series_of(slot)
    return np.array(sorted(set(wanted)), dtype=np.int64)


def _because(event: Event, emissions: list[Emission]) -> list[Emission]:
    return [
        emission._replace(item=emission.item._replace(causation=event.id))
        if isinstance(emission.item, Fact)
        else emission
        for emission in emissions
    ]
