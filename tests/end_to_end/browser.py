"""A real browser at an installation's page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page, sync_playwright

from tests.end_to_end.harness import PATIENCE_S, Installation

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_MS = PATIENCE_S * 1000
DESKTOP = {"width": 1280, "height": 860}


def chromium() -> str:
    """Return where a Chromium is; skip the test where there is none."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        with sync_playwright() as driver:
            own = driver.chromium.executable_path
        found = own if Path(own).exists() else None
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(_NAMES)} is on PATH")
    return found


@contextmanager
def page_of(homeostat: Installation, **options: object) -> Iterator[Page]:
    """Give a page that has signed in; at the end its console must hold no error."""
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # A server that is away is the browser's own remark, and what some tests are about.
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    with sync_playwright() as driver:
        # The sandbox needs privileges that containers and root do not have.
        browser = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        try:
            page = browser.new_context(
                viewport={"width": 1280, "height": 860}, **options
            ).new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.on("console", listen)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            token = (homeostat.home / "token").read_text(encoding="ascii").strip()
            page.goto(f"http://127.0.0.1:{homeostat.api_port}/#token={token}")
            page.get_by_role("heading", level=1).wait_for()
            yield page
        finally:
            browser.close()
    assert complaints == []
