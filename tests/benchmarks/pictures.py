"""Takes the pictures of the README: ``python -m tests.benchmarks.pictures FOLDER``.

An installation of its own heals a service and watches a synthetic fleet; the page is shown by a
real browser.
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
from pathlib import Path

from playwright.sync_api import Page

from tests.end_to_end.browser import page_of
from tests.end_to_end.harness import Installation

FLEET = ("--agents", "1200", "--rate", "400", "--duration", "45")


def prepared(homeostat: Installation) -> None:
    """Let something happen that is worth seeing."""
    homeostat.start()
    homeostat.command("simulate", *FLEET)
    os.kill(homeostat.wait_for(homeostat.service_pid, "service"), signal.SIGKILL)
    homeostat.wait_for(
        lambda: homeostat.get("/findings", agent="web", state="ended")["items"], "healed service"
    )


def take(page: Page, base: str, folder: Path, homeostat: Installation) -> None:
    """Take one picture a view."""
    finding = homeostat.get("/findings", agent="web", state="ended")["items"][0]["finding_id"]
    views = {"fleet": "fleet", "why": f"incidents/{finding}", "agent": "fleet/this-host"}
    for name, view in views.items():
        page.goto(f"{base}/#/{view}")
        page.wait_for_timeout(2500)
        page.screenshot(path=folder / f"{name}.png")


def main() -> None:
    """Read the folder and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="homeostat-pictures-") as home:
        homeostat = Installation(Path(home))
        try:
            prepared(homeostat)
            base = f"http://127.0.0.1:{homeostat.api_port}"
            with page_of(homeostat) as page:
                take(page, base, folder, homeostat)
        finally:
            homeostat.stop()


if __name__ == "__main__":
    main()
