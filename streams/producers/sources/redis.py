"""A cache that speaks Redis' protocol, from its own ``INFO``.

Source: Redis serialization protocol (RESP2), and the reference of ``INFO``.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from streams.producers.series.counters import Counters
from streams.producers.sources.sensor import UP, Measured, SourceAway

_LONGEST: Final = 1 << 20
_LEVELS: Final = {
    "used_memory": "memory_used_bytes",
    "connected_clients": "clients",
    "blocked_clients": "clients_blocked",
    "mem_fragmentation_ratio": "memory_fragmentation_ratio",
    "connected_slaves": "replicas",
    "uptime_in_seconds": "uptime_seconds",
}
_GROWING: Final = {
    "total_commands_processed": "commands_per_s",
    "evicted_keys": "evictions_per_s",
    "expired_keys": "expirations_per_s",
    "rejected_connections": "rejections_per_s",
}
_REMEDIES: Final = {
    "-NOAUTH": "; set its password_file, and username where it has users",
    "-WRONGPASS": "; look at its username and password_file",
    "-NOPERM": "; let its user run +info, with ACL SETUSER",
    "-DENIED": "; give it a password, or let it listen on loopback alone",
}


class RedisSensor:
    """Asks one server; it connects for each look."""

    kind = "cache"
    alive = UP

    def __init__(
        self, name: str, address: str, username: str | None, password_file: Path | None
    ) -> None:
        self.name = name
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._user = [] if username is None else [username]
        self._password_file = password_file
        self._counters = Counters()

    async def read(self) -> list[Measured]:
        """Ask once.

        Raises
        ------
        SourceAway
            If it refuses, or does not speak Redis' protocol.
        """
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            if self._password_file is not None:
                password = self._password_file.read_text(encoding="utf-8").strip()
                await _ask(reader, writer, "AUTH", *self._user, password)
            told = parse_info(await _ask(reader, writer, "INFO"))
            metrics = metrics_of(told, time.time(), self._counters)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            raise SourceAway(f"it does not speak Redis' protocol: {error}") from error
        finally:
            writer.close()
        return [Measured(self.name, metrics, {"version": told.get("redis_version", "")})]

    async def close(self) -> None:
        """Hold nothing."""


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *words: str) -> str:
    """Return the answer to one command: a status, or a bulk of bytes."""
    spelt = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
    writer.write(f"*{len(words)}\r\n{spelt}".encode())
    first = (await reader.readuntil(b"\r\n")).decode("utf-8", "replace").rstrip()
    if first.startswith("-"):
        raise SourceAway(f"it refuses {words[0]}: {first[1:]}{_remedy(first)}")
    if not first.startswith("$"):
        return first
    length = int(first[1:])
    if not 0 <= length <= _LONGEST:
        raise SourceAway(f"it answers {length} bytes")
    return (await reader.readexactly(length + 2)).decode("utf-8", "replace")


def _remedy(refusal: str) -> str:
    return next((each for code, each in _REMEDIES.items() if refusal.startswith(code)), "")


def parse_info(text: str) -> dict[str, str]:
    r"""Return the fields of an ``INFO``.

    Examples
    --------
    >>> parse_info("# Server\r\nredis_version:7.0.15\r\n\r\ndb0:keys=2,expires=0\r\n")
    {'redis_version': '7.0.15', 'db0': 'keys=2,expires=0'}
    """
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return {name: value for name, _, value in (line.partition(":") for line in lines)}


def metrics_of(told: Mapping[str, str], at: float, counters: Counters) -> dict[str, float]:
    """Return what an ``INFO`` read at `at` (seconds since the epoch) says.

    Raises
    ------
    ValueError
        If a number is none.
    """
    levels = {name: float(told[field]) for field, name in _LEVELS.items() if field in told}
    # A ratio to nothing is told as nan, or inf: then it is not known.
    found = {name: level for name, level in levels.items() if math.isfinite(level)}
    limit = float(told.get("maxmemory", 0))
    if limit > 0 and "memory_used_bytes" in found:
        found["memory_usage"] = 100.0 * found["memory_used_bytes"] / limit
    found["keys"] = float(sum(_keys(value) for name, value in told.items() if _is_database(name)))
    for field, name in _GROWING.items():
        if field in told:
            growth = counters.grown(field, at, (float(told[field]),))
            if growth is not None:
                found[name] = growth.parts[0] / growth.seconds
    lookups = (float(told.get("keyspace_hits", 0)), float(told.get("keyspace_misses", 0)))
    asked = counters.grown("keyspace", at, lookups)
    if asked is not None and sum(asked.parts) > 0:
        found["cache_hit_rate"] = asked.parts[0] / sum(asked.parts)
    return found


def _is_database(name: str) -> bool:
    return name.startswith("db") and name[2:].isdecimal()


def _keys(value: str) -> int:
    return int(dict(part.partition("=")[::2] for part in value.split(",")).get("keys", 0))
