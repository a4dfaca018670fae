"""What is looked for on the page stands in its address, and is found again by it."""

from __future__ import annotations

import json
import re

import pytest
from confluent_kafka import Producer
from playwright.sync_api import Page, expect

from streams.contracts.topics import TELEMETRY
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


def test_agents_are_found_by_label_capability_and_trust(calm: Installation) -> None:
    suffix = free_port()
    reader, writer = f"reader-{suffix}", f"writer-{suffix}"
    told(calm, reader, rack="7", zone=f"b-{suffix}", capabilities="ocr,translate")
    told(calm, writer, rack="8", zone=f"b-{suffix}", capabilities="translate")
    with page_of(calm) as page:
        opened(page, calm, f"fleet?label=zone%3Db-{suffix}")
        rows = page.get_by_role("table", name="Agents").get_by_role("row")
        here, there = rows.filter(has_text=reader), rows.filter(has_text=writer)
        expect(here).to_be_visible()
        expect(there).to_be_visible()
        expect(rows).to_have_count(3)
        page.get_by_label("Label").fill(f"rack=7, zone=b-{suffix}")
        page.get_by_label("Label").press("Enter")
        expect(there).to_have_count(0)
        expect(here).to_be_visible()
        assert complaints(page) == []
        page.get_by_label("Label").fill("zone")
        page.get_by_label("Label").press("Enter")
        page.get_by_label("Capability").fill("ocr, translate")
        page.get_by_label("Capability").press("Enter")
        expect(here).to_be_visible()
        expect(there).to_have_count(0)
        page.reload()  # the address holds them
        expect(page.get_by_label("Capability")).to_have_value("ocr, translate")
        expect(here).to_be_visible()
        page.get_by_label("Trust below").fill("50")
        page.get_by_label("Trust below").press("Enter")
        expect(page).to_have_url(re.compile("security_below=50"))
        expect(page.get_by_text("No agent matches")).to_be_visible()
        page.get_by_role("link", name="Clear the filters").click()
        expect(page.get_by_label("Capability")).to_have_value("")
        page.get_by_label("Search agents").fill(str(suffix))
        page.get_by_label("Trust from").fill("80")
        page.get_by_label("Trust from").press("Enter")
        expect(there).to_be_visible()
        later = f"later-{suffix}"
        told(calm, later, rack="9")
        expect(rows.filter(has_text=later)).to_be_visible()


def told(own: Installation, agent: str, **labels: str) -> None:
    """Have `agent` report once, with these labels."""
    value = {"agent_id": agent, "metrics": {"cpu_usage": 1.0}, "labels": labels}
    client = Producer({"bootstrap.servers": own.connection.bootstrap})
    client.produce(TELEMETRY.name, json.dumps(value).encode(), key=agent.encode())
    assert client.flush(30) == 0
