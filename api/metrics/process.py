"""The server's process, under the names that every client library of Prometheus uses."""

from __future__ import annotations

import resource

import psutil

from api.exposition import Family


def process_families() -> list[Family]:
    """Return processor time, memory, files and start of the process that asks."""
    process = psutil.Process()
    with process.oneshot():
        times, memory = process.cpu_times(), process.memory_info()
        files, began = process.num_fds(), process.create_time()
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return [
        _one("process_cpu_seconds_total", "User and system time spent.", times.user + times.system),
        _one("process_resident_memory_bytes", "Resident memory.", memory.rss),
        _one("process_virtual_memory_bytes", "Virtual memory.", memory.vms),
        _one("process_open_fds", "Open file descriptors.", files),
        _one("process_max_fds", "File descriptors that may be open.", most),
        _one("process_start_time_seconds", "When it began, seconds since the epoch.", began),
    ]


def _one(name: str, told: str, value: float) -> Family:
    kind = "counter" if name.endswith("_total") else "gauge"
    return Family(name, kind, told, (), [((), float(value))])
