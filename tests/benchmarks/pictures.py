"""Takes pictures of the page: ``python -m tests.benchmarks.pictures FOLDER [--every]``.

An installation of its own heals a service and watches a living synthetic fleet; the page is shown
by a real browser. Three pictures are the README's; ``--every`` takes each view in light, dark and
on a phone, for the eyes of whoever changed it.
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

from tests.benchmarks.page import living
from tests.end_to_end.browser import DESKTOP, page_of
from tests.end_to_end.harness import Installation

AGENTS: Final = 1200
WATCHED_S: Final = 150
"""So long the fleet is watched before, that there is something to be seen of it."""
LOOKS: Final[dict[str, dict[str, Any]]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"color_scheme": "light"},
}
PHONE = {"width": 390, "height": 844}
EVERY = ("overview", "fleet", "incidents", "actions", "log", "pipeline", "settings")


def prepared(homeostat: Installation) -> None:
    """Let something be seen, and happen that is worth seeing."""
    time.sleep(WATCHED_S)
    known = homeostat.settled()
    os.kill(homeostat.wait_for(homeostat.service_pid, "service"), signal.SIGKILL)
    homeostat.settled(known)


def views(homeostat: Installation) -> dict[str, str]:
    """Return the address of each view that is about one thing, by the name of its picture."""
    finding = homeostat.get("/findings", agent="web", state="ended")["items"][0]["finding_id"]
    largest = max(homeostat.get("/incidents")["items"], key=lambda each: each["findings"])
    return {
        "fleet": "fleet?by=type",
        "why": f"findings/{finding}",
        "agent": "fleet/this-host",
        "incident": f"incidents/{largest['incident_id']}",
    }


def take(page: Page, base: str, folder: Path, shown: dict[str, str], suffix: str = "") -> None:
    """Take one picture a view."""
    for name, view in shown.items():
        page.goto(f"{base}/#/{view}")
        page.wait_for_timeout(2500)
        page.screenshot(path=folder / f"{name}{suffix}.png")


def main() -> None:
    """Read the folder and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", action="store_true", help="each view in each look")
    options = parser.parse_args()
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="homeostat-pictures-") as home:
        homeostat = Installation(Path(home))
        stack = ExitStack()
        try:
            homeostat.start()
            stack.enter_context(living(homeostat, AGENTS))
            prepared(homeostat)
            base, shown = f"http://127.0.0.1:{homeostat.api_port}", views(homeostat)
            if not options.every:
                with page_of(homeostat) as page:
                    take(page, base, folder, shown)
                return
            shown |= {name: name for name in EVERY}
            for look, context in LOOKS.items():
                with page_of(homeostat, **context) as page:
                    page.set_viewport_size(PHONE if look == "phone" else DESKTOP)
                    take(page, base, folder, shown, f"-{look}")
        finally:
            stack.close()
            homeostat.stop()


if __name__ == "__main__":
    main()
