"""The newest metrics of every agent, coalesced: many heartbeats become one write an agent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from processors.surveillance.forward import open_forward
from projections.marks import Marks
from projections.rows import Key
from streams.contracts.errors import ContractError, MalformedRecord, Untrusted
from streams.contracts.partitioning import partition_for
from streams.contracts.record import Position, Record
from streams.contracts.telemetry import DEFAULT_TENANT, RESERVED, Heartbeat, decode_heartbeat
from streams.contracts.trust import ORIGIN, RecordKind, Signer

FORWARDED_BY: Final = "/steps/surveillance"
_MAX_WAITING: Final = 10_000
"""Agents whose registration has not come yet; the oldest make room."""

Latest = tuple[float, dict[str, float]]


def admit(record: Record, signer: Signer, home: Callable[[str], int]) -> Heartbeat | None:
    """Return the heartbeat that counts here, or None for what is none, or is forwarded.

    Parameters
    ----------
    home : callable
        Returns the home partition of an agent, by its key.

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
    heartbeat = decode_heartbeat(record.value)
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
    reserved = RESERVED.intersection(heartbeat.metrics)
    if reserved:
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
        self._known: dict[str, int | None] = dict.fromkeys(map("/".join, known))
        """The agents that are registered, with their home partitions once these were asked for."""
        self._fresh: dict[str, Latest] = {}
        self._waiting: dict[str, Latest] = {}

    def take(self, record: Record, marks: Marks) -> str:
        """Take a record of the telemetry topic; return the name that it is counted under."""
        try:
            heartbeat = admit(record, self._signer, self._home)
            if heartbeat is None:
                return ""
            if not _first(record, marks):
                return "repeated_forward"
        except ContractError as error:
            return error.reason
        key = heartbeat.key
        self._keep(self._fresh if key in self._known else self._waiting, key, record, heartbeat)
        return "accepted"

    def registered(self, agents: Iterable[Key]) -> None:
        """Note agents that are registered from now on; what waited for them counts."""
        for tenant, agent in agents:
            key = f"{tenant}/{agent}"
            self._known.setdefault(key)
            if key in self._waiting:
                self._fresh[key] = self._waiting.pop(key)

    def fresh(self) -> list[tuple[Key, float, dict[str, float]]]:
        """Return what is to be written, in the order of the keys."""
        return [(tuple(key.split("/", 1)), *self._fresh[key]) for key in sorted(self._fresh)]

    def commit(self) -> None:
        """Forget what was written."""
        self._fresh.clear()

    def _home(self, key: str) -> int:
        home = self._known.get(key)
        if home is None:
            home = partition_for(key.encode(), self._partitions)
            if key in self._known:
                self._known[key] = home
        return home

    def _keep(
        self, kept: dict[str, Latest], key: str, record: Record, heartbeat: Heartbeat
    ) -> None:
        before = kept.pop(key, None)
        metrics = heartbeat.metrics if before is None else {**before[1], **heartbeat.metrics}
        kept[key] = (record.timestamp, metrics)
        if kept is self._waiting and len(kept) > _MAX_WAITING:
            del kept[next(iter(kept))]


def _first(record: Record, marks: Marks) -> bool:
    """Say whether a record is none that surveillance forwarded before."""
    if not record.headers or (origin := record.header(ORIGIN)) is None:
        return True
    try:
        position = Position.parse(origin.decode("ascii"))
    except ValueError as error:
        raise MalformedRecord("malformed_origin", f"header {ORIGIN} is {origin!r}") from error
    return marks.is_new(record, FORWARDED_BY, position)
