"""The newest metrics of every agent, coalesced: many heartbeats become one write an agent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from processors.surveillance.forward import open_forward
from projections.marks import Marks
from projections.rows import Key
from streams.contracts.errors import ContractError, MalformedRecord, Untrusted
from streams.contracts.partitioning import partition_for
from streams.contracts.record import Position, Record
from streams.contracts.telemetry import (
    BOUND,
    DEFAULT_TENANT,
    RESERVED,
    Heartbeat,
    check_heartbeat,
    decode_heartbeat,
    read_heartbeat,
)
from streams.contracts.trust import ORIGIN, RecordKind, Signer

FORWARDED_BY: Final = "/steps/surveillance"
_MAX_WAITING: Final = 10_000
"""Agents whose registration has not come yet; the oldest make room."""

_MOST_SHAPES: Final = 10_000
_MOST_NAMES: Final = 64
"""Metrics of an agent whose names are remembered; of more, each heartbeat is merged."""
_ONLY_MEASURED: Final[tuple[object, ...]] = (None, {}, None, None, None)
"""What a heartbeat says beside its metrics where it says nothing beside them."""

Latest = tuple[float, dict[str, float]]
Shape = tuple[str, ...]
"""Names of metrics."""
MIXED: Final[Shape] = ("",)
"""Of a row with too many metrics to remember their names."""


class Newest(NamedTuple):
    """What an agent measured last; `whole` where no metric of its row is missing in it."""

    tenant: str
    agent: str
    seen: float
    metrics: dict[str, float]
    whole: bool


class _Agent(NamedTuple):
    """Where a registered agent is at home, and which metrics its row has, once these were asked."""

    home: int | None = None
    held: Shape | None = None


def admit(
    record: Record,
    signer: Signer,
    home: Callable[[str], int],
    read: Callable[[bytes | None], Heartbeat] = decode_heartbeat,
) -> Heartbeat | None:
    """Return the heartbeat that counts here, or None for what is none, or is forwarded.

    Parameters
    ----------
    home : callable
        Returns the home partition of an agent, by its key.
    read : callable
        Returns the heartbeat that a record spells, or raises.

    Raises
    ------
    ContractError
        Where surveillance refuses the record as well, and writes its dead letter.
    """
    kind = signer.kind_of(record)
    if kind in (RecordKind.TICK, RecordKind.EVENT):
        return None
    if kind is RecordKind.FORWARD:
        return _forwarded(record)
    heartbeat = read(record.value)
    if kind is None:
        _check_unsigned(heartbeat)
    return heartbeat if record.partition == home(heartbeat.key) else None


def _forwarded(record: Record) -> Heartbeat | None:
    inner = open_forward(record, {})  # repetitions are the marks' business
    if inner is None:
        return None
    heartbeat = decode_heartbeat(bytes(inner.heartbeat))
    if not inner.trusted:
        _check_unsigned(heartbeat)
    return heartbeat


def _check_unsigned(heartbeat: Heartbeat) -> None:
    if heartbeat.tenant_id != DEFAULT_TENANT:
        detail = f"tenant_id is {heartbeat.tenant_id!r}; unsigned telemetry is {DEFAULT_TENANT}'s"
        raise Untrusted("foreign_tenant", detail)
    if not RESERVED.isdisjoint(heartbeat.metrics):
        reserved = RESERVED.intersection(heartbeat.metrics)
        detail = f"metrics.{min(reserved)} is reserved for the installation's own probes"
        raise Untrusted("reserved_metric", detail)


class LatestMetrics:
    """Heartbeats of one transaction, by agent, and those that wait for a registration.

    Parameters
    ----------
    known : iterable of (tenant, agent)
        The agents that are registered.
    partitions : int
        Partitions of the telemetry topic: what is not in its home partition is forwarded.
    """

    def __init__(self, known: Iterable[Key], signer: Signer, partitions: int) -> None:
        self._signer = signer
        self._partitions = partitions
        self._known: dict[str, _Agent] = dict.fromkeys(map("/".join, known), _Agent())
        self._kinds: dict[_Agent, _Agent] = {}
        """One of each, as most agents of a partition send the same metrics."""
        self._checked: set[Shape] = set()
        self._fresh: dict[str, Latest] = {}
        self._waiting: dict[str, Latest] = {}

    def take(self, record: Record, marks: Marks) -> str:
        """Take a record of the telemetry topic; return the name that it is counted under."""
        try:
            heartbeat = admit(record, self._signer, self._home, self._read)
            if heartbeat is None:
                return ""
            if not _first(record, marks):
                return "repeated_forward"
        except ContractError as error:
            return error.reason
        key = heartbeat.key
        self._keep(self._fresh if key in self._known else self._waiting, key, record, heartbeat)
        return "accepted"

    def registered(self, agents: Iterable[tuple[Key, Iterable[str]]]) -> None:
        """Note agents whose rows are written, with the metrics in them; what waited counts."""
        for (tenant, agent), metrics in agents:
            key = f"{tenant}/{agent}"
            self._note(key, self._known.get(key, _Agent()).home, tuple(metrics))
            if key in self._waiting:
                self._fresh[key] = self._waiting.pop(key)

    def unasked(self) -> list[Key]:
        """Return the agents to be written of which it is not known which metrics they have."""
        return [_split(key) for key in self._fresh if self._known[key].held is None]

    def learn(self, held: Mapping[Key, Iterable[str]]) -> None:
        """Note the metrics that the rows of agents have."""
        for (tenant, agent), metrics in held.items():
            key = f"{tenant}/{agent}"
            self._note(key, self._known[key].home, tuple(metrics))

    def fresh(self) -> list[Newest]:
        """Return what is to be written, in the order of the keys."""
        found = []
        for key in sorted(self._fresh):
            seen, metrics = self._fresh[key]
            held = self._known[key].held
            whole = held is not None and (held == tuple(metrics) or metrics.keys() >= set(held))
            found.append(Newest(*_split(key), seen, metrics, whole))
        return found

    def commit(self) -> None:
        """Forget what was written, but for which metrics the rows have by now."""
        for key, (_, metrics) in self._fresh.items():
            home, held = self._known[key]
            if held is not None and held != (shape := tuple(metrics)):
                self._note(key, home, tuple(dict.fromkeys(held + shape)))
        self._fresh.clear()

    def _note(self, key: str, home: int | None, held: Shape) -> None:
        agent = _Agent(home, held if len(held) <= _MOST_NAMES and "" not in held else MIXED)
        if len(self._kinds) > _MOST_SHAPES:
            self._kinds.clear()
        self._known[key] = self._kinds.setdefault(agent, agent)

    def _read(self, value: bytes | None) -> Heartbeat:
        """Return a heartbeat; names that were checked before are not checked again."""
        heartbeat = read_heartbeat(value)
        if not self._is_checked(heartbeat):
            check_heartbeat(heartbeat)
            if len(self._checked) > _MOST_SHAPES:
                self._checked.clear()
            self._checked.add(tuple(heartbeat.metrics))
        return heartbeat

    def _is_checked(self, heartbeat: Heartbeat) -> bool:
        h, metrics = heartbeat, heartbeat.metrics
        return (
            (h.status, h.labels, h.agent_type, h.sequence, h.message) == _ONLY_MEASURED
            and tuple(metrics) in self._checked
            and h.key in self._known
            and (not metrics or -BOUND < min(metrics.values()) <= max(metrics.values()) < BOUND)
        )

    def _home(self, key: str) -> int:
        agent = self._known.get(key)
        if agent is not None and agent.home is not None:
            return agent.home
        home = partition_for(key.encode(), self._partitions)
        if agent is not None:
            placed = agent._replace(home=home)
            self._known[key] = self._kinds.setdefault(placed, placed)
        return home

    def _keep(
        self, kept: dict[str, Latest], key: str, record: Record, heartbeat: Heartbeat
    ) -> None:
        before = kept.pop(key, None)
        metrics = heartbeat.metrics if before is None else {**before[1], **heartbeat.metrics}
        kept[key] = (record.timestamp, metrics)
        if kept is self._waiting and len(kept) > _MAX_WAITING:
            del kept[next(iter(kept))]


def _split(key: str) -> tuple[str, str]:
    tenant, _, agent = key.partition("/")
    return tenant, agent


def _first(record: Record, marks: Marks) -> bool:
    """Say whether a record is none that surveillance forwarded before."""
    if not record.headers or (origin := record.header(ORIGIN)) is None:
        return True
    try:
        position = Position.parse(origin.decode("ascii"))
    except ValueError as error:
        raise MalformedRecord("malformed_origin", f"header {ORIGIN} is {origin!r}") from error
    return marks.is_new(record, FORWARDED_BY, position)
