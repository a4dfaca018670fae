"""Writes the windows that closed: a row a block of agents and window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from sqlalchemy import Connection

from projections import store
from projections.models import open_hours, window_blocks
from projections.read_models.metric import HOUR_S
from projections.rows import Key
from projections.windows.columns import Floats, Ints, encoded, merged
from projections.windows.numbers import Numbers
from projections.windows.sections import AGENTS, SECTIONS
from streams.contracts.events.agent import WindowsClosed

Part = tuple[Key, str, bytes]


def write_windows(connection: Connection, closed: Sequence[WindowsClosed], numbers: Numbers) -> int:
    """Write windows, note the hours that they belong to, and return how many rows these took.

    A block's sections are put together one after the other, as they lie in the log: so its bytes do
    not depend on how that is cut into transactions.
    """
    widths: dict[Key, float] = {}
    parts: list[Part] = []
    for data in closed:
        for key, section in _sections(connection, data, numbers):
            widths[key] = data.width_s
            parts.append((key, data.metric, section))
    blocks = {
        key: SECTIONS(row["windows"])
        for key, row in store.load(connection, window_blocks, widths).items()
    }
    for key, metric, section in parts:
        block = blocks.setdefault(key, {})
        block[metric] = merged(block[metric], section) if metric in block else section
    _write(connection, blocks, widths)
    return len(blocks)


def _write(
    connection: Connection, blocks: dict[Key, dict[str, bytes]], widths: dict[Key, float]
) -> None:
    rows = [
        {
            "tenant_id": tenant,
            "block": block,
            "start": start,
            "width_s": widths[tenant, block, start],
            "windows": msgspec.msgpack.encode(blocks[tenant, block, start]),
        }
        for tenant, block, start in sorted(blocks)
    ]
    store.upsert(connection, window_blocks, rows)
    hours = sorted({(tenant, block, start // HOUR_S * HOUR_S) for tenant, block, start in blocks})
    names = [column.name for column in open_hours.c]
    store.append(connection, open_hours, [dict(zip(names, hour, strict=True)) for hour in hours])


def _sections(
    connection: Connection, data: WindowsClosed, numbers: Numbers
) -> Iterator[tuple[Key, bytes]]:
    columns = _columns(data)
    for tenant, places, keys in _tenants(data.agents):
        given = numbers.of(connection, tenant, keys)
        order = _ascending(given)
        chosen = order if places is None else places[order]
        sorted_ = given[order]
        blocks = sorted_ // AGENTS
        edges = np.flatnonzero(np.diff(blocks, prepend=-1))
        sections = encoded(sorted_ % AGENTS, columns[:, chosen], edges)
        for block, section in zip(blocks[edges].tolist(), sections, strict=True):
            yield (tenant, block, data.start), section


def _columns(data: WindowsClosed) -> Floats:
    measured = (data.minimum, data.maximum, data.last, data.count, data.mean)
    return np.array((*measured, data.expected_low, data.expected_high), np.float64)


def _ascending(numbers: Ints) -> Ints:
    """Return the order by number; of an agent that is named twice, the last place."""
    kept, places = np.unique(numbers[::-1], return_index=True)
    del kept
    return len(numbers) - 1 - places


def _tenants(keys: Sequence[str]) -> Iterator[tuple[str, Ints | None, Sequence[str]]]:
    """Give each tenant with its agents' keys, and their places; None for all of them."""
    if not keys:
        return
    tenant, slash, _ = keys[0].partition("/")
    if all(map(str.startswith, keys, [tenant + slash] * len(keys))):
        yield tenant, None, keys
        return
    tenants = [key.partition("/")[0] for key in keys]
    for tenant in sorted(set(tenants)):
        places = [n for n, each in enumerate(tenants) if each == tenant]
        yield tenant, np.array(places), [keys[n] for n in places]
