"""Probe of a systemd unit, as ``systemctl`` knows it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time

from streams.producers.service_probe import Verdict, in_words, verdict


async def probe_unit(unit: str, timeout_s: float) -> Verdict:
    """Return whether the systemd unit is active.

    Where there is no systemd the verdict says so: something that cannot be seen is not well.
    """
    began = time.perf_counter()
    command = shutil.which("systemctl")
    if command is None:
        detail = f"{unit}: this machine has no systemctl; probe it by http, tcp or process"
        return verdict(False, began, detail)
    wanted = "--property=LoadState,ActiveState,SubState,MainPID"
    try:
        async with asyncio.timeout(timeout_s):
            status, text, complaint = await _run(command, "show", wanted, "--", unit)
    except (OSError, TimeoutError) as error:
        return verdict(False, began, f"{unit}: {in_words(error)}")
    if status != 0:
        return verdict(False, began, f"{unit}: {complaint.strip()[:200]}")
    return verdict(*_judged(unit, text, began))


def _judged(unit: str, text: str, began: float) -> tuple[bool, float, str]:
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    if found.get("LoadState") == "not-found":
        return False, began, f"{unit} is not known to systemd"
    active = found.get("ActiveState", "unknown")
    detail = f"{unit} is {active} ({found.get('SubState', '')})"
    return active in ("active", "reloading"), began, detail


async def _run(*argv: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, complaint = await process.communicate()
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)  # with what it started, which holds its pipes
            await process.wait()
    return process.returncode or 0, out.decode(errors="replace"), complaint.decode(errors="replace")
