"""How long a killed service is away: Homeostat beside supervisord and Monit, in one run.

The same service (Python's own web server) is declared to each, one after another. It is killed
with SIGKILL, again and again, and the time from the kill to its next answer is taken; a pause
between kills lets each supervisor take the restart for a success. The service's own start time is
measured by itself, without a supervisor.

    python -m tests.benchmarks.restart --supervisord PATH --monit PATH

A peer whose program is not found is left out, and said to be.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.ports import free_port

POLL_S = 0.002
LIMIT_S = 60.0


def answers(port: int) -> bool:
    """Say whether the service serves."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5) as connection:
            connection.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
            return connection.recv(12).startswith(b"HTTP/1.")
    except OSError:
        return False


def until(port: int, serving: bool) -> float:
    """Wait until the service serves, or does not; return when that was."""
    end = time.monotonic() + LIMIT_S
    while answers(port) is not serving:
        if time.monotonic() > end:
            raise TimeoutError(f"port {port}: still {'away' if serving else 'serving'}")
        time.sleep(POLL_S)
    return time.monotonic()


def command(port: int) -> list[str]:
    """Return the service's argv."""
    return [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]


def pid_of(port: int) -> int:
    """Return who listens on `port`."""
    return next(
        found.pid
        for found in psutil.net_connections("tcp")
        if found.laddr and found.laddr[1] == port and found.status == psutil.CONN_LISTEN
    )


def own_start(port: int) -> float:
    """Return how long the service itself takes to serve."""
    began = time.monotonic()
    service = subprocess.Popen(command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return until(port, serving=True) - began
    finally:
        service.kill()
        service.wait()
        until(port, serving=False)


def outages(port: int, kills: int, pause_s: float) -> list[float]:
    """Kill the service `kills` times; return how long it was away each time, in seconds."""
    until(port, serving=True)
    found = []
    for _ in range(kills):
        time.sleep(pause_s)
        killed = time.monotonic()
        os.kill(pid_of(port), signal.SIGKILL)
        until(port, serving=False)
        found.append(until(port, serving=True) - killed)
    return found


@contextlib.contextmanager
def ended(port: int) -> Iterator[None]:
    """End a service that its supervisor leaves behind, as Monit does."""
    try:
        yield
    finally:
        if answers(port):
            os.kill(pid_of(port), signal.SIGKILL)
            until(port, serving=False)


@contextlib.contextmanager
def running(argv: list[str], folder: Path, **environment: str) -> Iterator[None]:
    """Run a supervisor, and end it and all that it started."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            argv, stdout=log, stderr=log, cwd=Path.cwd(), env=os.environ | environment
        )
        try:
            yield
        finally:
            below = psutil.Process(process.pid).children(recursive=True)
            process.terminate()
            process.wait(60)
            for left in below:
                with contextlib.suppress(psutil.NoSuchProcess):
                    left.kill()


@contextlib.contextmanager
def homeostat(folder: Path, port: int) -> Iterator[None]:
    """Run `homeostat up` with the service declared."""
    configuration = folder / "homeostat.yaml"
    argv = ", ".join(f'"{word}"' for word in command(port))
    configuration.write_text(
        f"services:\n  - name: web\n    command: [{argv}]\n"
        f'    health: {{http: "http://127.0.0.1:{port}/"}}\n'
    )
    environment = {
        "HOMEOSTAT_HOME": str(folder / "home"),
        "HOMEOSTAT_API_PORT": str(free_port()),
        "HOMEOSTAT_KAFKA_PORT": str(free_port()),
        "HOMEOSTAT_CONFIG": str(configuration),
    }
    with running([str(Path(sys.executable).with_name("homeostat")), "up"], folder, **environment):
        yield


@contextlib.contextmanager
def supervisord(folder: Path, port: int, program: str) -> Iterator[None]:
    """Run supervisord with the service declared."""
    configuration = folder / "supervisord.conf"
    configuration.write_text(
        f"[supervisord]\nnodaemon=true\nlogfile={folder}/d.log\npidfile={folder}/d.pid\n"
        f"user=root\n[program:web]\ncommand={' '.join(command(port))}\nautorestart=true\n"
    )
    with running([program, "-c", str(configuration)], folder):
        yield


@contextlib.contextmanager
def monit(folder: Path, port: int, program: str) -> Iterator[None]:
    """Run Monit with a cycle of one second and the service declared."""
    pidfile, script = folder / "web.pid", folder / "start"
    script.write_text(
        f"#!/bin/sh\n{' '.join(command(port))} >/dev/null 2>&1 &\necho $! >{pidfile}\n"
    )
    script.chmod(0o755)
    configuration = folder / "monitrc"
    configuration.write_text(
        f"set daemon 1\nset pidfile {folder}/monit.pid\nset statefile {folder}/state\n"
        f"set idfile {folder}/id\nset log {folder}/monit.log\n"
        f'check process web with pidfile {pidfile}\n  start program = "{script}"\n'
        f'  stop program = "/bin/true"\n'
    )
    configuration.chmod(0o600)
    with running([program, "-I", "-c", str(configuration)], folder):
        yield


def report(name: str, found: list[float]) -> None:
    """Print one row."""
    ordered = sorted(found)
    p95 = ordered[int(len(ordered) * 0.95) - 1]
    print(
        f"{name:12} median {statistics.median(found):.3f} s   p95 {p95:.3f} s   "
        f"max {ordered[-1]:.3f} s   over {len(found)} kills",
        flush=True,
    )


def main() -> None:
    """Measure what is there, and print a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--pause", type=float, default=2.0, help="seconds between kills")
    options.add_argument("--supervisord", default=shutil.which("supervisord"))
    options.add_argument("--monit", default=shutil.which("monit"))
    chosen = options.parse_args()
    starts = [own_start(free_port()) for _ in range(5)]
    print(f"the service itself starts in {statistics.median(starts):.3f} s", flush=True)
    contenders = {"homeostat": homeostat}
    peers = {"supervisord": (supervisord, chosen.supervisord), "monit": (monit, chosen.monit)}
    for name, (run, program) in peers.items():
        if program is None:
            print(f"{name} was not found: left out")
            continue
        contenders[name] = lambda folder, port, run=run, program=program: run(folder, port, program)
    for name, run in contenders.items():
        port = free_port()
        with tempfile.TemporaryDirectory() as folder, ended(port), run(Path(folder), port):
            report(name, outages(port, chosen.kills, chosen.pause))


if __name__ == "__main__":
    main()
