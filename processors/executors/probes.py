"""Watches what is not ours to start: a port, a page, a process, a unit, a socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Mapping
from typing import Final

import psutil

from config.probes import Probe
from streams.producers.service_probe import Verdict, probe_http, probe_tcp, verdict
from streams.producers.unit_probe import probe_unit
from streams.producers.websocket_probe import probe_websocket

Tell = Callable[[str, str, Mapping[str, float], Mapping[str, str]], None]
"""Takes an agent, its type, metrics and labels."""

_LEAST_S: Final = 0.05
"""A process that is started and dies again and again is not looked at more often."""


async def watch_probe(probe: Probe, tell: Tell, host: str) -> None:
    """Probe at its interval, for ever, and tell how it went.

    A process that was found is also watched by its pidfd: its death is told at once.
    """
    while True:
        pid, seen = await look(probe)
        metrics = {"up": 1.0 if seen.well else 0.0}
        if seen.well:
            metrics["response_time_avg"] = seen.latency_ms
        labels = {"probed_from": host, "verdict": seen.detail[:200]}
        tell(probe.name, "probe", metrics, labels)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(probe.interval_s):
                await _gone(pid)
                await asyncio.sleep(_LEAST_S)


async def look(probe: Probe) -> tuple[int | None, Verdict]:
    """Return the verdict on `probe` now, and the process that it found, if it is about one."""
    if probe.process is not None:
        return await asyncio.to_thread(_find_process, probe.process)
    if probe.http is not None:
        seen = await probe_http(probe.http, probe.timeout_s, status=probe.status, body=probe.body)
    elif probe.tcp is not None:
        seen = await probe_tcp(probe.tcp, probe.timeout_s)
    elif probe.systemd is not None:
        seen = await probe_unit(probe.systemd, probe.timeout_s)
    else:
        seen = await probe_websocket(probe.websocket or "", probe.timeout_s, probe.ping)
    return None, seen


async def _gone(pid: int | None) -> None:
    """Return when the process ends; never where there is none to watch."""
    try:
        descriptor = -1 if pid is None else os.pidfd_open(pid)
    except ProcessLookupError:
        return  # it ended since it was found
    if descriptor < 0:
        await asyncio.Future()
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _find_process(wanted: str) -> tuple[int | None, Verdict]:
    began = time.perf_counter()
    by_pid = wanted.isdecimal()
    for process in psutil.process_iter(["pid", "cmdline", "status"]):
        info = process.info
        # A number is a pid and nothing else: it may occur in anybody's command line.
        text = str(info["pid"]) if by_pid else " ".join(info["cmdline"] or ())
        same = text == wanted if by_pid else wanted in text
        if same and info["status"] != psutil.STATUS_ZOMBIE and info["pid"] != os.getpid():
            return info["pid"], verdict(True, began, f"process {info['pid']} lives")
    return None, verdict(False, began, f"no process matches {wanted!r}")
