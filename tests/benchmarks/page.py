"""What the page costs a browser: ``python -m tests.benchmarks.page``.

When the fleet's state is first on the screen (loopback), the bytes of script as they are sent, how
long frames take while a large fleet is scrolled, and the processor time of all of the browser's
processes while a synthetic fleet is live under an open page. Without a graphics processor every
frame is drawn by the processor, so the figures are upper bounds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from playwright.sync_api import CDPSession, Page

from tests.end_to_end.browser import page_of
from tests.end_to_end.harness import ROOT, Installation

_SHOWN = """() => new Promise((done) => { (function look() {
    const mark = performance.getEntriesByName("meaningful")[0];
    if (mark) done(mark.startTime); else requestAnimationFrame(look);
})(); })"""
_BYTES = """() => performance.getEntriesByType("resource").filter((e) => e.name.endsWith(".js"))
    .reduce((sum, e) => sum + e.encodedBodySize, 0)"""
_WORK = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration", "TaskDuration")
_SCROLL = """(seconds) => new Promise((done) => {
    const table = document.querySelector(".window"), gaps = [];
    let before = 0, until = 0, step = 170;
    requestAnimationFrame(function frame(at) {
        if (before) gaps.push(at - before);
        until ||= at + seconds * 1000;
        before = at;
        if (table.scrollTop + table.clientHeight >= table.scrollHeight - 1) step = -170;
        if (table.scrollTop <= 0) step = 170;
        table.scrollTop += step;
        if (at < until) requestAnimationFrame(frame);
        else done({ gaps: gaps.sort((a, b) => a - b),
            rows: table.querySelectorAll(".line").length });
    });
})"""


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
        shown, size = page.evaluate(_SHOWN), page.evaluate(_BYTES)
        page.goto(f"http://127.0.0.1:{homeostat.api_port}/#/{view}")
        page.wait_for_timeout(5000)
        began, before = time.monotonic(), browser_seconds()
        page.wait_for_timeout(seconds * 1000)
        share = (browser_seconds() - before) / (time.monotonic() - began)
        print(f"{view:<16} shown after {shown:.0f} ms, scripts {size / 1000:.0f} kB", end=", ")
        print(f"{100 * share:.1f} % of a core while live", flush=True)


def worked(session: CDPSession) -> dict[str, float]:
    """Return the seconds that the page's main thread has worked, by kind of work."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return {each["name"]: each["value"] for each in metrics}


def scroll(page: Page, seconds: float) -> None:
    """Scroll the table of the fleet, and print how long its frames took, and what was their work.

    Frames wait for the processor where others use it; the work of a frame does not grow by that.
    """
    page.locator(".window").wait_for()
    page.wait_for_timeout(2000)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    before = worked(session)
    found = page.evaluate(_SCROLL, seconds)
    after, gaps = worked(session), found["gaps"]
    each = {name: 1000 * (after[name] - before[name]) / len(gaps) for name in _WORK}
    median, high = gaps[len(gaps) // 2], gaps[int(len(gaps) * 0.95)]
    print(f"scrolling {len(gaps)} frames in {seconds:.0f} s, median {median:.1f} ms", end=", ")
    print(f"p95 {high:.1f} ms, longest {gaps[-1]:.1f} ms, {found['rows']} rows drawn", end="; ")
    print(", ".join(f"{name} {spent:.1f} ms a frame" for name, spent in each.items()), flush=True)


@contextmanager
def living(homeostat: Installation, agents: int) -> Iterator[None]:
    """Let a synthetic fleet send heartbeats, each agent every ten seconds."""
    fleet = ["--agents", str(agents), "--rate", str(agents / 10), "--duration", "3600"]
    command = [str(Path(sys.executable).with_name("homeostat")), "simulate", *fleet]
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | homeostat.own, stderr=subprocess.DEVNULL
    ) as simulating:
        try:
            homeostat.wait_for(
                lambda: len(homeostat.get("/fleet")["agent_id"]) > agents, "fleet", 120.0
            )
            yield
        finally:
            simulating.terminate()


def main() -> None:
    """Read the options; measure four views of a living fleet, and scroll through a large one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--large", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="homeostat-page-") as home:
        homeostat = Installation(Path(home))
        try:
            homeostat.start()
            with living(homeostat, options.agents):
                for view in ("overview", "fleet", "log", "fleet/this-host"):
                    measure(homeostat, view, options.seconds)
            with living(homeostat, options.large), page_of(homeostat) as page:
                page.goto(f"http://127.0.0.1:{homeostat.api_port}/#/fleet")
                scroll(page, options.seconds / 2)
        finally:
            homeostat.stop()


if __name__ == "__main__":
    main()
