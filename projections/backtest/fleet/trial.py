"""The trial itself: every heartbeat and tick as a live record, through the live step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from processors.step import Context, Emission, Fact
from processors.surveillance.step import Surveillance
from projections.backtest.fleet.plan import Plan
from streams.contracts.events.finding import FindingRaised
from streams.contracts.record import Outgoing, Record
from streams.contracts.telemetry import encode_tick
from streams.contracts.topics import TELEMETRY
from streams.contracts.trust import RecordKind, Signer
from streams.simulator.encode import Arrival, Encoder, in_order
from streams.simulator.faults import inject
from streams.simulator.fleet import moments

FRAME_S: Final = 60.0
_SPREAD_S: Final = 4.0
_TICKS_S: Final = tuple(5.0 + 10.0 * n for n in range(6))
"""Within a frame; not so far apart that silence would not be believed."""
_FRAMES_TOGETHER: Final = 30
_SAID_EVERY_S: Final = 2.0
_SECRET: Final = b"of a trial in process"
Report = Callable[[str], None]


class Raised(NamedTuple):
    """One finding.

    Parameters
    ----------
    at : float
        When it was raised, seconds since the epoch.
    agent : str
        Of whom.
    kind : str
        As in `streams.contracts.events.finding.FindingRaised`.
    metrics : tuple of str
        What it points at, the strongest first; nothing where no metric drove it.
    """

    at: float
    agent: str
    kind: str
    metrics: tuple[str, ...]


class Heard(NamedTuple):
    """What a trial came to.

    Parameters
    ----------
    findings : list of Raised
        In the order in which they were raised.
    heartbeats : int
        How many were judged.
    seconds : float
        How long that took; no part of any result.
    """

    findings: list[Raised]
    heartbeats: int
    seconds: float


def tried(plan: Plan, report: Report) -> Heard:
    """Run `plan` through the surveillance step under the policy that ships."""
    signer = Signer(_SECRET)
    step = Surveillance()
    state = step.initial(Context(TELEMETRY.name, 0, 1, signer))
    findings: list[Raised] = []
    began = said = time.monotonic()
    offset = heartbeats = 0
    for at, arrived in _frames(plan):
        records = list(_records(at, arrived, offset, signer))
        findings += _raised(step.apply(state, records))
        offset, heartbeats = offset + len(records), heartbeats + len(arrived)
        if (now := time.monotonic()) - said > _SAID_EVERY_S:
            said = now
            done = (at - plan.start) / (plan.until - plan.start)
            report(_progress(done, heartbeats, now - began))
    return Heard(findings, heartbeats, time.monotonic() - began)


def _frames(plan: Plan) -> Iterator[tuple[float, list[Arrival]]]:
    frames = round((plan.until - plan.start) / FRAME_S)
    times = moments(plan.start, FRAME_S, frames, _FRAMES_TOGETHER)
    encoder = Encoder(plan.fleet, _SPREAD_S)
    blocks = inject(plan.fleet, times, plan.faults)
    return in_order(frame for block in blocks for frame in encoder.frames(block))


def _records(at: float, arrived: list[Arrival], offset: int, signer: Signer) -> Iterator[Record]:
    """Yield heartbeats and ticks as they lie in the log."""
    due: list[tuple[float, Arrival | None]] = [(at + after, None) for after in _TICKS_S]
    due += [(beat.at, beat) for beat in arrived]
    for when, beat in sorted(due, key=lambda each: each[0]):
        if beat is None:
            tick = signer.sign(Outgoing(TELEMETRY.name, None, encode_tick(when)), RecordKind.TICK)
            yield Record(TELEMETRY.name, 0, offset, when, None, tick.value, tick.headers)
        else:
            yield Record(TELEMETRY.name, 0, offset, when, beat.key, beat.value)
        offset += 1


def _raised(emissions: list[Emission]) -> Iterator[Raised]:
    for emission in emissions:
        fact = emission.item
        if isinstance(fact, Fact) and isinstance(fact.data, FindingRaised):
            agent, found = fact.subject.partition("/")[2], fact.data
            drivers = tuple(found.drivers) or ((found.metric,) if found.metric else ())
            yield Raised(fact.at, agent, found.kind, drivers)


def _progress(done: float, heartbeats: int, seconds: float) -> str:
    left = seconds / done - seconds if done > 0 else 0.0
    rate = heartbeats / seconds
    return f"{done:4.0%} · {heartbeats:,} heartbeats · {rate:,.0f}/s · {left:.0f} s left"
