"""The short way in, for heartbeats that hold values of metrics that are known, and no other news.

Most records of a fleet are. A fetch is read by columns before its first record is folded; what it
says then comes in by one loop, which ends at the first record of which anything else is to be
said: that one goes the long way, by `admission`. What is read depends on the records alone, and
what comes in does not depend on whether it was read: so a fetch may be cut as it likes.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Final, NamedTuple

import msgspec
import numpy as np

from processors.columns import Floats, Ints
from processors.surveillance.batch import Batch
from processors.surveillance.clocks import TURNED_S, in_log_time, is_believed
from processors.surveillance.presence import declared_code
from processors.surveillance.shaped import Aside, Read, shaped
from processors.surveillance.state import Profile, SurveillanceState
from processors.surveillance.threats import LETTERS
from streams.contracts.errors import ContractError
from streams.contracts.record import Record
from streams.contracts.telemetry import (
    DECLARABLE,
    DEFAULT_TENANT,
    MAX_BYTES,
    RESERVED,
    parse_time,
)

_FEW: Final = 8
"""Fewer records are not worth columns."""


class _Who(msgspec.Struct, gc=False):
    agent_id: str


_headers: Final = itemgetter(Record._fields.index("headers"))
_who: Final = msgspec.json.Decoder(_Who).decode


class Said(NamedTuple):
    """What the records of a fetch say, by columns, as far as it was read.

    Parameters
    ----------
    agents : list of str or None
        Of each record; None where it was not read.
    shapes : list of tuple of str
        Its metrics.
    values : array, shape (values,)
        Of all records that were read, one after another.
    starts : array, shape (records + 1,)
        Where the values of each record begin.
    asides : list of (Aside or None)
        What each says beside.
    """

    agents: list[str | None]
    shapes: list[tuple[str, ...]]
    values: Floats
    starts: Ints
    asides: Sequence[Aside | None]


class _Part(NamedTuple):
    """Records of one shape: their places in the fetch, and what they say."""

    shape: tuple[str, ...]
    places: Sequence[int]
    said: Read


def read(state: SurveillanceState, records: Sequence[Record]) -> Said | None:
    """Return what `records` say, or None where it is not worth reading them together."""
    if len(records) < _FEW or LETTERS in state.security.rules.events:
        return None
    values = [record.value or b"" for record in records]
    places: Sequence[int] = range(len(records))
    if any(map(_headers, records)) or not all(map(_fits, values)):
        places = [n for n in places if _fits(values[n]) and not records[n].headers]
    parts = _parts(state, values, places) if len(places) >= _FEW else []
    return _joined(len(records), parts) if parts else None


def _fits(value: bytes) -> bool:
    return 0 < len(value) <= MAX_BYTES


def _parts(state: SurveillanceState, values: list[bytes], places: Sequence[int]) -> list[_Part]:
    first = _shape(state, values[places[0]])
    parts = _read(first, values, places) if first else []
    if parts and len(parts[0].places) == len(places):
        return parts
    read = {place for part in parts for place in part.places}
    groups: dict[tuple[str, ...], list[int]] = {}
    for place in places:
        shape = None if place in read else _shape(state, values[place])
        if shape and shape != first:
            groups.setdefault(shape, []).append(place)
    return parts + [part for shape, own in groups.items() for part in _read(shape, values, own)]


def _shape(state: SurveillanceState, value: bytes) -> tuple[str, ...] | None:
    """Return which metrics its agent sends as a rule, where anybody may send them."""
    try:
        slot = state.slots.get(f"{DEFAULT_TENANT}/{_who(value).agent_id}")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    profile = None if slot is None else state.profiles[slot]
    if profile is None or not RESERVED.isdisjoint(profile.shape):
        return None
    return profile.shape


def _read(shape: tuple[str, ...], values: list[bytes], places: Sequence[int]) -> list[_Part]:
    """Read those of `places` that are of this shape."""
    own = values if len(places) == len(values) else [values[place] for place in places]
    found = shaped(shape).read(own)
    if found is not None:
        return [_Part(shape, places, found)]
    good, picked = shaped(shape).pick(own)
    return [_Part(shape, [places[index] for index in good], picked)] if good else []


def _joined(records: int, parts: list[_Part]) -> Said:
    if len(parts) == 1 and len(parts[0].places) == records:
        shape, _, (agents, values, told) = parts[0]
        starts = np.arange(records + 1) * len(shape)
        return Said(
            list(agents), [shape] * records, values.ravel(), starts, told or [None] * records
        )
    said: list[str | None] = [None] * records
    shapes: list[tuple[str, ...]] = [()] * records
    asides: list[Aside | None] = [None] * records
    starts = np.zeros(records + 1, dtype=np.int64)
    for part in parts:
        starts[np.array(part.places) + 1] = len(part.shape)
        for place, agent in zip(part.places, part.said.agents, strict=True):
            said[place], shapes[place] = agent, part.shape
        for place, aside in zip(part.places, part.said.asides or (), strict=False):
            asides[place] = aside
    starts = np.cumsum(starts)
    flat = np.empty(int(starts[-1]))
    for part in parts:
        flat[starts[list(part.places)][:, None] + np.arange(len(part.shape))] = part.said.values
    return Said(said, shapes, flat, starts, asides)


def take(
    state: SurveillanceState,
    batch: Batch,
    records: Sequence[Record],
    said: Said | None,
    first: int,
) -> int:
    """Put `records` from `first` on into `batch`; return the place of one that is not usual."""
    if said is None or LETTERS in state.security.rules.events:
        return first
    place = _advance(state, batch, records, said, first)
    if place > first:
        batch.records.extend(records[first:place])
        batch.lengths.extend(np.diff(said.starts[first : place + 1]).tolist())
        batch.add(said.values[said.starts[first] : said.starts[place]])
    return place


def _advance(
    state: SurveillanceState, batch: Batch, records: Sequence[Record], said: Said, place: int
) -> int:
    """Put what is known of the records from `place` on into `batch`, as far as they are usual."""
    slots, profiles, time = state.slots, state.profiles, state.time
    policy = state.policy.surveillance
    over = min(state.window_start + policy.window_s, time + policy.presence.maximum_silence_s)
    while place < len(records):
        agent, stamp = said.agents[place], records[place].timestamp
        if agent is None or stamp >= over:
            break
        slot = slots.get(f"{DEFAULT_TENANT}/{agent}")
        if slot is None or (profile := profiles[slot]) is None:
            break
        shape = said.shapes[place]
        if profile.shape is not shape and profile.shape != shape:
            break
        if stamp > time:
            time = stamp
        aside = said.asides[place]
        if aside is None:
            batch.at.append(stamp if time - stamp <= TURNED_S else time)  # as `clocks.in_log_time`
            batch.declared.append(-1)
        elif not _take_aside(aside, state, batch, profile, stamp, time):
            break
        batch.slots.append(slot)
        batch.now.append(time)
        batch.bases.append(profile.base)
        place += 1
    state.time = time
    return place


def _take_aside(
    aside: Aside,
    state: SurveillanceState,
    batch: Batch,
    profile: Profile,
    stamp: float,
    time: float,
) -> bool:
    """Take in what is said beside the metrics; False, and nothing, where it is not usual."""
    at, status, kind, labels = aside
    if (kind is not None and kind != profile.agent_type) or (labels and labels != profile.labels):
        return False
    if status is not None and status not in DECLARABLE:
        return False
    measured = stamp if at is None else _measured(state, at, stamp)
    if measured is None:
        return False
    measured = in_log_time(time, measured, stamp)
    if kind is not None:
        profile.type_at = max(profile.type_at, measured)
    if labels:
        profile.labels_at = max(profile.labels_at, measured)
    batch.at.append(measured)
    batch.declared.append(declared_code(status))
    return True


def _measured(state: SurveillanceState, at: str | float, stamp: float) -> float | None:
    """Return when it was measured, or None where the policy would have something to say to it."""
    try:
        measured = parse_time(at)
    except ContractError:
        return None
    return measured if is_believed(state, measured, stamp) else None
