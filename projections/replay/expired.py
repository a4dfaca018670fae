"""Since when heartbeats are kept, for whoever answers from them."""

from __future__ import annotations

from streams.contracts.envelope import rfc3339
from streams.contracts.topics import TELEMETRY
from streams.kafka.log_reader import LogReader


async def expired_telemetry(reader: LogReader) -> str:
    """Say which telemetry has expired; nothing where all that ever came is kept."""
    begins = await reader.beginning_offsets([TELEMETRY.name])
    if not any(begins.values()):
        return ""
    ends = await reader.end_offsets([TELEMETRY.name])
    first = {place: min(begin + 1, ends[place]) for place, begin in begins.items()}
    stamps = [r.timestamp async for batch in reader.read(begins, first) for r in batch]
    if not stamps:
        return "all telemetry has expired"
    return f"telemetry before {rfc3339(max(stamps))} has expired"
