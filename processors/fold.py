"""Steps at the rate of news: `decide` says what follows, `evolve` folds it.

`FoldStep` turns a pair of pure functions into a `Step`. It opens the inbox's records, checks
their signatures, drops what a redelivery brings twice, keeps the step's time, and applies
policies; what remains for the capability is one typed message at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from config.policy import Policy, PolicyError, default_policy, policy_from, policy_hash
from processors.dead_letters import dead_letter
from processors.large_json import decoded, encoded
from processors.migrations import Migration
from processors.step import Context, Emission, Fact
from processors.wishes import is_first
from streams.contracts.envelope import API, Event, decode_event
from streams.contracts.errors import ContractError, InvalidField, MalformedRecord, Untrusted
from streams.contracts.events.registry import EventType, event_type
from streams.contracts.events.system import PolicyChanged
from streams.contracts.record import Position, Record
from streams.contracts.telemetry import decode_tick
from streams.contracts.topics import Topic
from streams.contracts.trust import RecordKind
from streams.contracts.upcasters import upcast

S = TypeVar("S", bound=msgspec.Struct)


class Message(NamedTuple):
    """One message of an inbox, opened.

    Parameters
    ----------
    at : float
        The step's time: the maximum of ticks and broker timestamps seen.
    event : Event or None
        None for a tick.
    data : msgspec.Struct or None
        The event's data, typed.
    position : Position
        Where it lies in the inbox: seed of the ids of what follows.
    """

    at: float
    event: Event | None
    data: msgspec.Struct | None
    position: Position


class PolicyInForce(NamedTuple):
    """A policy with its hash, as decisions name it."""

    policy: Policy
    hash: str


Decide = Callable[[S, Message, PolicyInForce], Iterable[Fact]]
Evolve = Callable[[S, Message, Fact | None, PolicyInForce], None]


@dataclass(slots=True)
class FoldState(Generic[S]):
    """A capability's state, and what every fold keeps beside it."""

    context: Context
    inner: S
    in_force: PolicyInForce
    time: float = 0.0
    seen: dict[str, tuple[int, int]] = field(default_factory=dict)
    """High-water mark (offset, index) per source step and partition, and requests by id."""


class _Snapshot(msgspec.Struct):
    inner: msgspec.Raw
    policy: dict[str, Any]
    policy_hash: str
    time: float
    seen: dict[str, tuple[int, int]]


@dataclass(eq=False, kw_only=True)
class FoldStep(Generic[S]):
    """A `Step` made of `decide` and `evolve`.

    Parameters
    ----------
    name, version, inbox, writes
        As in `Step`.
    state : type
        A msgspec struct whose defaults are the initial state.
    decide : callable
        ``decide(state, message, policy) -> facts``; must not change `state`. Read lazily: each
        fact is folded before the next is asked for, so a generator sees what it has decided.
    evolve : callable
        ``evolve(state, message, fact, policy)``, in place: called once with the message itself
        (fact None) before `decide`, then once for each fact that follows.
    earliest : callable
        When the earliest timer of a state is due, in seconds since the epoch; None where none is.
    migrations : mapping of int to Migration
        How states of earlier versions are carried over; see `processors.migrations`.
    """

    name: str
    version: int
    inbox: Topic
    writes: tuple[EventType, ...]
    state: type[S]
    decide: Decide[S]
    evolve: Evolve[S]
    earliest: Callable[[S], float | None]
    migrations: Mapping[int, Migration] = field(default_factory=dict)

    def initial(self, context: Context) -> FoldState[S]:
        """Return the state before the first record, under the policy that ships."""
        policy = default_policy()
        return FoldState(context, self.state(), PolicyInForce(policy, policy_hash(policy)))

    def apply(self, state: FoldState[S], records: Sequence[Record]) -> list[Emission]:
        """Fold `records` into `state`; see `Step.apply`."""
        emissions: list[Emission] = []
        for record in records:
            try:
                message = self._open(state, record)
            except ContractError as error:
                emissions.append(Emission(record.offset, dead_letter(record, error)))
                continue
            if message is not None:
                emissions.extend(Emission(record.offset, f) for f in self._step(state, message))
        return emissions

    def dump(self, state: FoldState[S]) -> bytes:
        """Return `state` as canonical JSON."""
        inner = msgspec.Raw(encoded(state.inner))
        policy = msgspec.to_builtins(state.in_force.policy)
        snapshot = _Snapshot(inner, policy, state.in_force.hash, state.time, state.seen)
        return msgspec.json.encode(snapshot, order="deterministic")

    def load(self, context: Context, data: bytes) -> FoldState[S]:
        """Return the state that `data` holds."""
        snapshot = msgspec.json.decode(data, type=_Snapshot)
        policy = policy_from(snapshot.policy)
        inner = decoded(snapshot.inner, self.state)
        in_force = PolicyInForce(policy, snapshot.policy_hash)
        return FoldState(context, inner, in_force, snapshot.time, snapshot.seen)

    def next_due(self, state: FoldState[S]) -> float | None:
        """Return when the earliest waiting timer is due."""
        return self.earliest(state.inner)

    def _step(self, state: FoldState[S], message: Message) -> list[Fact]:
        self.evolve(state.inner, message, None, state.in_force)
        facts: list[Fact] = []
        for fact in self.decide(state.inner, message, state.in_force):
            self.evolve(state.inner, message, fact, state.in_force)
            facts.append(fact)
        return facts

    def _open(self, state: FoldState[S], record: Record) -> Message | None:
        kind = state.context.signer.kind_of(record)
        if kind is RecordKind.TICK:
            state.time = max(state.time, decode_tick(record.value or b""))
            return Message(state.time, None, None, record.position)
        if kind is not RecordKind.EVENT:
            raise Untrusted("unsigned_record", f"{record.topic} accepts signed records only")
        event = upcast(decode_event(record.value))
        state.time = max(state.time, record.timestamp)
        if _seen(state, event, record.offset):
            return None
        if event.type == "policy.changed":
            _take_policy(state, event)
            return None
        return Message(state.time, event, _typed(event), record.position)


def _typed(event: Event) -> msgspec.Struct:
    """Return the event's data as the struct of its type."""
    try:
        data: msgspec.Struct = msgspec.convert(event.data, event_type(event.type).data)
    except msgspec.ValidationError as error:
        raise MalformedRecord("malformed_event", f"{event.type}: {error}") from error
    return data


def _seen(state: FoldState[Any], event: Event, offset: int) -> bool:
    """Say whether this fact or request was folded before, and remember it."""
    if not event.position:
        return event.source == API and not is_first(state.seen, event.id, offset)
    try:
        position = Position.parse(event.position)
    except ValueError as error:
        remedy = "write TOPIC/PARTITION/OFFSET/ORDINAL"
        raise InvalidField("malformed_event", "position", event.position, remedy) from error
    source = f"{event.source}|{position.topic}/{position.partition}"
    mark = (position.offset, position.ordinal)
    if mark <= state.seen.get(source, (-1, -1)):
        return True
    state.seen[source] = mark
    return False


def _take_policy(state: FoldState[Any], event: Event) -> None:
    """Put a later version in force; an earlier one is a late copy.

    The hash is that of what was published, so it names the same policy to later code too.
    """
    try:
        changed = msgspec.convert(event.data, PolicyChanged)
        policy = policy_from(changed.policy)
    except (msgspec.ValidationError, PolicyError) as error:
        raise MalformedRecord("invalid_policy", str(error)) from error
    if policy.version >= state.in_force.policy.version:
        state.in_force = PolicyInForce(policy, changed.hash)
