"""What the page costs a browser: ``python -m tests.benchmarks.page``.

First paint on loopback, the bytes of script, and the processor time of all of the browser's
processes while a synthetic fleet is live under an open page. Without a graphics processor every
frame is drawn by the processor, so this is an upper bound.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.end_to_end.browser import page_of
from tests.end_to_end.harness import ROOT, Installation

_PAINT = """() => performance.getEntriesByName("first-contentful-paint")[0].startTime"""
_BYTES = """() => performance.getEntriesByType("resource").filter((e) => e.name.endsWith(".js"))
    .reduce((sum, e) => sum + e.encodedBodySize, 0)"""


def browser_seconds() -> float:
    """Return the processor seconds of every browser process below this one."""
    spent = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            if "chrom" in process.name():
                times = process.cpu_times()
                spent += times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return spent


def measure(homeostat: Installation, view: str, seconds: float) -> None:
    """Open the page, let it live, and print what it cost."""
    with page_of(homeostat) as page:
        base = f"http://127.0.0.1:{homeostat.api_port}"
        paint, size = page.evaluate(_PAINT), page.evaluate(_BYTES)
        page.goto(f"{base}/#/{view}")
        page.wait_for_timeout(5000)
        began, before = time.monotonic(), browser_seconds()
        page.wait_for_timeout(seconds * 1000)
        share = (browser_seconds() - before) / (time.monotonic() - began)
        print(f"{view:<10} first paint {paint:.0f} ms, scripts {size / 1000:.0f} kB", end=", ")
        print(f"{100 * share:.1f} % of a core while live")


def main() -> None:
    """Read the options and measure two views."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="homeostat-page-") as home:
        homeostat = Installation(Path(home))
        fleet = ["--agents", str(options.agents), "--rate", str(options.agents / 10)]
        command = [Path(sys.executable).with_name("homeostat"), "simulate", *fleet]
        try:
            homeostat.start()
            environment = os.environ | homeostat.own
            with subprocess.Popen(
                [*command, "--duration", "3600"], cwd=ROOT, env=environment,
                stderr=subprocess.DEVNULL,
            ) as simulating:  # fmt: skip
                time.sleep(15)  # all are registered
                for view in ("overview", "fleet", "log"):
                    measure(homeostat, view, options.seconds)
                simulating.terminate()
        finally:
            homeostat.stop()


if __name__ == "__main__":
    main()
