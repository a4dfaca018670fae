"""Watches what is not ours to start: a port, a page, a process, a unit."""

from __future__ import annotations

import asyncio
import time

import psutil

from config.settings import Probe
from processors.executors.telemetry import Outbox
from streams.producers.service_probe import Verdict, probe_http, probe_tcp


async def watch_probe(probe: Probe, outbox: Outbox, host: str) -> None:
    """Probe at its interval, for ever, and tell how it went."""
    while True:
        verdict = await look(probe)
        metrics = {"up": 1.0 if verdict.well else 0.0}
        if verdict.well:
            metrics["response_time_avg"] = verdict.latency_ms
        outbox.put(probe.name, "probe", metrics, {"probed_from": host})
        await asyncio.sleep(probe.interval_s)


async def look(probe: Probe) -> Verdict:
    """Return the verdict on `probe` now."""
    if probe.http is not None:
        return await probe_http(probe.http, probe.timeout_s, status=probe.status, body=probe.body)
    if probe.tcp is not None:
        return await probe_tcp(probe.tcp, probe.timeout_s)
    return await asyncio.to_thread(_find_process, probe.process or probe.name)


def _find_process(wanted: str) -> Verdict:
    began = time.perf_counter()
    for process in psutil.process_iter(["pid", "cmdline"]):
        if str(process.info["pid"]) == wanted or wanted in " ".join(process.info["cmdline"] or ()):
            elapsed = (time.perf_counter() - began) * 1000
            return Verdict(True, elapsed, f"process {process.info['pid']} lives")
    elapsed = (time.perf_counter() - began) * 1000
    return Verdict(False, elapsed, f"no process matches {wanted!r}")
