"""A silence withholds what asks for attention, maintenance what heals; the end gives both back."""

from __future__ import annotations

import json
import os
import signal
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.end_to_end.browser import PATIENCE_MS, page_of
from tests.end_to_end.harness import Installation

expect.set_options(timeout=PATIENCE_MS)


def said(homeostat: Installation, *argv: str) -> dict:
    """Run a command that must succeed; return what it prints as JSON."""
    done = homeostat.command("silences", *argv, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def window(homeostat: Installation) -> Iterator[str]:
    """Keep the service ``web`` in maintenance until the test ends it."""
    homeostat.settled()
    made = said(homeostat, "create", "--match", "agent=we?", "--match", "kind=service_down",
                "--for", "1h", "--maintenance", "--reason", "new disk")  # fmt: skip
    silence_id = made["silence_id"]
    homeostat.wait_for(lambda: homeostat.get(f"/silences/{silence_id}"), "silence in the views")
    try:
        yield silence_id
    finally:
        homeostat.command("silences", "end", silence_id, "--reason", "the test is over")
        homeostat.settled()


def test_what_dies_in_maintenance_is_left_alone_and_healed_at_its_end(
    homeostat: Installation, window: str
) -> None:
    known, before = homeostat.settled(), homeostat.service_pid()
    assert before is not None
    os.kill(before, signal.SIGKILL)

    def silenced() -> dict | None:
        found = homeostat.get("/findings", agent="web", kind="service_down", silenced="true")
        return next((f for f in found["items"] if f["finding_id"] not in known), None)

    finding = homeostat.wait_for(silenced, "finding that is withheld")
    assert (finding["silence_id"], finding["ended_at"]) == (window, None)

    def left_alone() -> dict | None:
        rows = homeostat.get("/actions", finding=finding["finding_id"])["items"]
        return next((row for row in rows if row["reason"] == "maintenance"), None)

    withheld = homeostat.wait_for(left_alone, "action that is withheld")
    assert withheld["state"] == "withheld"
    assert homeostat.service_pid() is None

    def quiet() -> bool:
        found = homeostat.get("/incidents", agent="web", status="active")["items"]
        own = (i for i in found for m in i["members"] if m["finding_id"] == finding["finding_id"])
        if (incident := next(own, None)) is None:
            return False
        # What else this machine suffers from may have become part of it, and asks for attention.
        others = [
            each
            for each in incident["members"]
            if each["ended_at"] is None and each["kind"] != "service_down"
        ]
        return incident["withheld"] is not bool(others)

    homeostat.wait_for(quiet, "incident that asks for attention only where others do")
    said(homeostat, "end", window, "--reason", "the disk is in")
    assert finding["finding_id"] in homeostat.settled(known)
    assert homeostat.service_pid() is not None
    chain = homeostat.get(f"/findings/{finding['finding_id']}/chain")["items"]
    types = [link["type"] for link in chain]
    assert {"action.withheld", "action.proposed", "finding.released"} <= set(types)
    story = ["finding.raised", "finding.withheld", "service.restart", "finding.ended"]
    assert [each for each in types if each in story] == story
    released = next(link for link in chain if link["type"] == "finding.released")
    assert released["data"]["reason"] == "ended"


def test_the_page_silences_a_finding_and_says_how_many_are(homeostat: Installation) -> None:
    agent = f"noisy-{uuid.uuid4().hex[:8]}"
    homeostat.command("publish", agent, "log_size_mb=150")

    def raised() -> dict | None:
        return next(iter(homeostat.get("/findings", agent=agent)["items"]), None)

    finding = homeostat.wait_for(raised, "finding")["finding_id"]
    with page_of(homeostat) as page:
        page.goto(f"http://127.0.0.1:{homeostat.api_port}/#/findings/{finding}")
        page.get_by_role("button", name="Silence this…").click()
        page.get_by_label("Reason").fill("the logs are being moved")
        page.get_by_role("button", name="Silence", exact=True).click()
        expect(page.get_by_text("silenced by admin until")).to_be_visible()
        page.get_by_role("link", name="Overview").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("silenced")
        page.goto(f"http://127.0.0.1:{homeostat.api_port}/#/settings")
        about = f"agent={agent} kind=log_size"
        mine = page.get_by_role("region", name="Silences").get_by_role("row")
        expect(mine.filter(has_text=about)).to_contain_text("active")
        if folder := os.environ.get("HOMEOSTAT_PICTURES"):
            page.screenshot(path=f"{folder}/silences.png", full_page=True)
        page.get_by_role("button", name=f"End the silence of {about}").click()
        page.get_by_label("Reason").last.fill("moved")
        page.get_by_role("button", name="End it").click()
        expect(mine.filter(has_text=about)).to_contain_text("ended")
    homeostat.wait_for(lambda: not raised()["silence_id"], "finding that asks for attention")
