"""Every metric that the installation's own sensors report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from api.guide.reference.tables import code, table
from streams.contracts.telemetry import RESERVED

MEASURED: Final = {
    "host": {
        "cpu_usage": "Processors busy, in percent of all; `cpu_usage:N` of one.",
        "cpu_count": "Processors.",
        "load_1m, load_5m, load_15m": "Load averages.",
        "memory_usage, swap_usage": "In use, in percent.",
        "memory_available_bytes": "Memory that may be had without swapping.",
        "processes": "Processes.",
        "uptime_seconds": "Time since the machine started.",
        "disk_usage": "Of the root file system, in percent; `disk_usage:MOUNT` of another.",
        "disk_free_bytes": "Free on the root file system.",
        "bytes_sent_per_s, bytes_recv_per_s, errin_per_s, errout_per_s": "Network.",
        "read_bytes_per_s, write_bytes_per_s": "Disks.",
        "connections, connections_time_wait": "TCP sockets.",
        "temperature": "Of the hottest sensor, in degrees Celsius.",
        "log_size_mb": "Largest log file that may be rotated.",
    },
    "service": {
        "up": "1 where it is well, 0 where it is not.",
        "restarts": "Times that it was started again.",
        "uptime_seconds": "Time since it was started.",
        "response_time_avg": "How long its health check took, in ms.",
        "port_conflict": "1 where a stranger holds its port.",
    },
}
"""By the type of the agent; names that share a meaning are listed together."""


def measured_part() -> Iterator[str]:
    """Give the lines about telemetry."""
    reserved = " and ".join(code(name) for name in sorted(RESERVED))
    told = f"Anybody may report any other; {reserved} are taken from signed records only."
    yield from ("## Metrics in telemetry", "", told, "")
    rows = (
        (kind, ", ".join(code(name) for name in names.split(", ")), meaning)
        for kind, found in MEASURED.items()
        for names, meaning in found.items()
    )
    yield from table(("agent", "metric", "meaning"), rows)
