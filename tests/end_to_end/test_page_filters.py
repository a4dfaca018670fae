"""What is looked for on the page stands in its address, and is found again by it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.end_to_end.accessibility import complaints
from tests.end_to_end.browser import PATIENCE_MS, page_of
from tests.end_to_end.harness import Installation, patient
from tests.ports import free_port

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def calm(homeostat: Installation) -> Installation:
    """Let nobody be offline who sends once."""
    homeostat.in_force(patient(homeostat.get("/policy")["policy"]), "they send once")
    return homeostat


def finding_of(own: Installation, agent: str) -> str:
    """Have `agent` cross a limit; return the finding that tells of it."""
    assert own.command("publish", agent, "log_size_mb=150").returncode == 0
    found = own.wait_for(
        lambda: own.get("/findings", agent=agent, kind="log_size")["items"], "finding"
    )
    return str(found[0]["finding_id"])


def incident_of(own: Installation, agent: str) -> str:
    found = own.wait_for(lambda: own.get("/incidents", agent=agent)["items"], "incident")
    return str(found[0]["incident_id"])


def opened(page: Page, own: Installation, view: str) -> None:
    page.goto(f"http://127.0.0.1:{own.api_port}/#/{view}")


def test_findings_and_incidents_are_found_by_who_looks_after_them(calm: Installation) -> None:
    suffix = free_port()
    mine, other = (finding_of(calm, f"{name}-{suffix}") for name in ("mine", "other"))
    incident = incident_of(calm, f"mine-{suffix}")
    for each in (mine, incident):
        assert calm.command("acknowledge", each, "--reason", "on it").returncode == 0
    assert calm.command("assign", other, "ann", "--reason", "her disk").returncode == 0
    with page_of(calm) as page:
        here, there = (page.locator(f"a[href='#/findings/{each}']") for each in (mine, other))
        opened(page, calm, "incidents?by=finding")
        expect(there).to_be_visible()
        page.get_by_label("Acknowledged").select_option("yes")
        expect(page).to_have_url(re.compile("acknowledged=true"))
        expect(here).to_be_visible()
        expect(there).to_have_count(0)
        assert complaints(page) == []
        page.get_by_label("Acknowledged").select_option("no")
        expect(there).to_be_visible()
        expect(here).to_have_count(0)
        page.get_by_label("Assigned to").select_option("ann")
        page.reload()  # the address holds them
        expect(page.get_by_label("Assigned to")).to_have_value("ann")
        expect(page.get_by_label("Acknowledged")).to_have_value("false")
        expect(there).to_be_visible()
        page.get_by_label("Acknowledged").select_option("yes")
        page.get_by_role("link", name="Clear the filters").click()
        expect(page.get_by_label("Acknowledged")).to_have_value("")
        expect(here).to_be_visible()
        opened(page, calm, "incidents?acknowledged=true")
        story = page.locator(f"a[href='#/incidents/{incident}']")
        expect(story).to_be_visible()
        page.get_by_label("Acknowledged").select_option("no")
        expect(story).to_have_count(0)
        expect(page.get_by_role("status").filter(has_text="Reading")).to_have_count(0)
        expect(story).to_have_count(0)
