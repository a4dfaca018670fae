"""The host sensor: what this machine is doing, by psutil.

Cheap enough to run every five seconds for years: nothing is read per process, and nothing blocks.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any, Final

import psutil

_UNFIT: Final = re.compile(r"[^A-Za-z0-9_.:/-]")
_PSEUDO: Final = frozenset({"squashfs", "tmpfs", "devtmpfs", "overlay", "iso9660"})
MOST_CORES: Final = 64
"""Larger machines tell of their first cores and of the mean of all."""
_SOCKSTAT: Final = Path("/proc/net/sockstat")


class HostSensor:
    """Reads the host's metrics; rates are per second since the last reading.

    Parameters
    ----------
    root : str
        The file system that ``disk_usage`` speaks of.
    """

    def __init__(self, root: str = "/") -> None:
        self._root = root
        self._before: tuple[float, Any, Any] | None = None
        psutil.cpu_percent(None, percpu=True)

    def read(self) -> dict[str, float]:
        """Return the metrics now: percentages 0-100, bytes, counts, seconds."""
        memory, swap = psutil.virtual_memory(), psutil.swap_memory()
        load, cores = os.getloadavg(), psutil.cpu_percent(None, percpu=True)
        metrics = {
            "cpu_usage": round(sum(cores) / len(cores), 1),
            "cpu_count": float(len(cores)),
            "load_1m": load[0],
            "load_5m": load[1],
            "load_15m": load[2],
            "memory_usage": memory.percent,
            "memory_available_bytes": float(memory.available),
            "swap_usage": swap.percent,
            "processes": float(len(psutil.pids())),
            "uptime_seconds": time.time() - psutil.boot_time(),
        }
        for number, usage in enumerate(cores[:MOST_CORES]):
            metrics[f"cpu_usage:{number}"] = usage
        return metrics | _sockets() | _temperature() | self._disks() | self._rates()

    def _disks(self) -> dict[str, float]:
        usage = psutil.disk_usage(self._root)
        found = {"disk_usage": usage.percent, "disk_free_bytes": float(usage.free)}
        for part in psutil.disk_partitions(all=False):
            if part.fstype in _PSEUDO or part.mountpoint == self._root:
                continue
            try:
                usage = psutil.disk_usage(part.mountpoint)
            except OSError:
                continue  # a file system that went away between the two calls
            found[_UNFIT.sub("_", f"disk_usage:{part.mountpoint}")[:128]] = usage.percent
        return found

    def _rates(self) -> dict[str, float]:
        now = (time.monotonic(), psutil.net_io_counters(), psutil.disk_io_counters())
        before, self._before = self._before, now
        if before is None:
            return {}
        seconds = max(now[0] - before[0], 1e-6)
        rates = {}
        for counters, past, names in (
            (now[1], before[1], ("bytes_sent", "bytes_recv", "errin", "errout")),
            (now[2], before[2], ("read_bytes", "write_bytes")),
        ):
            if counters is None or past is None:
                continue
            for name in names:
                grown = max(0, getattr(counters, name) - getattr(past, name))
                rates[f"{name}_per_s"] = grown / seconds
        return rates


def _sockets() -> dict[str, float]:
    """Return TCP sockets in use and waiting to be forgotten, from the kernel's own count."""
    try:
        lines = _SOCKSTAT.read_text(encoding="ascii").splitlines()
    except OSError:
        return {}  # not Linux: counting them there means walking every process
    words = next((line.split() for line in lines if line.startswith("TCP:")), [])
    counts = dict(zip(words[1::2], words[2::2], strict=False))
    return {
        "connections": float(counts.get("inuse", 0)),
        "connections_time_wait": float(counts.get("tw", 0)),
    }


def _temperature() -> dict[str, float]:
    """Return the hottest sensor in degrees Celsius, where the machine has any."""
    read = getattr(psutil, "sensors_temperatures", None)
    found = [one.current for sensors in (read() if read else {}).values() for one in sensors]
    return {"temperature": max(found)} if found else {}
