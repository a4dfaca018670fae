"""What the sensor says of this machine is what the machine says of itself."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from streams.contracts.telemetry import Heartbeat, decode_heartbeat, encode_heartbeat
from streams.producers.host_metrics import HostSensor
from streams.producers.process_survey import Survey


def test_memory_disk_and_cores_are_those_of_the_machine() -> None:
    before = of_the_machine()
    metrics = HostSensor().read()
    after = of_the_machine()
    for name, near in (("memory_usage", 3), ("disk_usage", 1), ("uptime_seconds", 1)):
        low, high = sorted((before[name], after[name]))
        assert low - near <= metrics[name] <= high + near, name
    assert metrics["cpu_count"] == os.cpu_count()
    assert 0 <= metrics["cpu_usage:0"] <= 100


def of_the_machine() -> dict[str, float]:
    """Return what moves while a sensor reads it, as the machine says it."""
    return {
        "memory_usage": psutil.virtual_memory().percent,
        "disk_usage": psutil.disk_usage("/").percent,
        "uptime_seconds": time.time() - psutil.boot_time(),
    }


def test_the_load_of_a_core_shows() -> None:
    sensor = HostSensor()
    busy = [sys.executable, "-c", "print(flush=True)\nwhile True: pass"]
    with subprocess.Popen(busy, stdout=subprocess.PIPE) as burner:
        try:
            assert burner.stdout is not None
            burner.stdout.readline()
            sensor.read()
            spent = psutil.Process(burner.pid)
            while spent.cpu_times().user < 0.5:
                time.sleep(0.01)
            metrics = sensor.read()
        finally:
            burner.kill()
    # It may have moved from core to core.
    assert sum(v for name, v in metrics.items() if name.startswith("cpu_usage:")) > 50


def test_rates_begin_with_the_second_reading_and_are_never_negative() -> None:
    sensor = HostSensor()
    assert "bytes_sent_per_s" not in sensor.read()
    rates = {name: v for name, v in sensor.read().items() if name.endswith("_per_s")}
    assert {"bytes_sent_per_s", "bytes_recv_per_s"} <= rates.keys()
    assert min(rates.values()) >= 0


def test_what_is_sent_and_received_shows_in_the_rates() -> None:
    sensor, size = HostSensor(), 20_000_000
    with socket.create_server(("127.0.0.1", 0)) as server:
        began = time.monotonic()  # before the sensor's own beginning: its interval is the shorter
        sensor.read()
        sender = socket.create_connection(server.getsockname())
        receiver, _ = server.accept()
        with sender, receiver:
            thread = threading.Thread(target=sender.sendall, args=(bytes(size),))
            thread.start()
            left = size
            while left:
                left -= len(receiver.recv(1 << 20))
            thread.join()
        metrics = sensor.read()
    at_least = size / (time.monotonic() - began)
    assert metrics["bytes_sent_per_s"] >= at_least
    assert metrics["bytes_recv_per_s"] >= at_least


@pytest.mark.skipif(not Path("/proc/net/sockstat").exists(), reason="Linux counts sockets there")
def test_sockets_are_counted_as_the_kernel_counts_them() -> None:
    sensor, before = HostSensor(), sockets()
    found = sensor.read()["connections"]
    low, high = sorted((before, sockets()))
    assert low - 20 <= found <= high + 20


def sockets() -> float:
    """Return how many TCP sockets are in use now."""
    line = next(s for s in Path("/proc/net/sockstat").read_text().splitlines() if "TCP:" in s)
    return float(line.split()[line.split().index("inuse") + 1])


def test_what_is_read_is_accepted_as_telemetry() -> None:
    survey = Survey()
    survey.take()
    metrics = HostSensor().read() | survey.metrics
    heartbeat = Heartbeat("host", metrics, agent_type="host", labels=survey.labels)
    assert decode_heartbeat(encode_heartbeat(heartbeat)) == heartbeat


def surveyed(survey: Survey, spent: psutil.Process) -> float:
    """Survey half a second of a process's own time; return its least share, in percent."""
    began = time.monotonic()
    survey.take()
    before = spent.cpu_times().user
    while (used := spent.cpu_times().user - before) < 0.5:
        time.sleep(0.01)
    survey.take()
    return 100.0 * used / (time.monotonic() - began) - 1.0  # it is told in tenths


def test_the_survey_names_who_uses_most() -> None:
    survey = Survey()
    hog = "x = bytearray(200_000_000)\nprint(flush=True)\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", hog], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            spent = psutil.Process(process.pid)
            at_least = surveyed(survey, spent)
            # On a busy machine others may use more for a while.
            while spent.name() not in survey.labels["top_cpu"]:
                at_least = surveyed(survey, spent)
        finally:
            process.kill()
    assert survey.metrics["top_cpu_1"] >= at_least
    assert survey.metrics["top_memory_1"] >= 200_000_000
    ranked = [survey.metrics[f"top_memory_{rank}"] for rank in (1, 2, 3)]
    assert ranked == sorted(ranked, reverse=True)
