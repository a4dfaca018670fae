"""The page by keys alone, and as weak eyes and a screen reader meet it."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.end_to_end.accessibility import complaints
from tests.end_to_end.browser import PATIENCE_MS, page_of
from tests.end_to_end.harness import Installation, patient
from tests.end_to_end.test_spine import plain_record
from tests.ports import free_port

expect.set_options(timeout=PATIENCE_MS)
VIEWS = ("overview", "fleet", "fleet/web", "incidents", "actions", "log", "pipeline", "settings")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_can_be_read_by_everybody(homeostat: Installation, scheme: str) -> None:
    found = {}
    homeostat.settled()
    incident = homeostat.wait_for(
        lambda: homeostat.get("/incidents", agent="web", limit=1000)["items"], "incident"
    )[-1]
    story = f"incidents/{incident['incident_id']}"
    cause = f"findings/{incident['members'][0]['finding_id']}"
    with page_of(homeostat, color_scheme=scheme) as page:
        for view in (*VIEWS, story, cause):
            page.goto(f"http://127.0.0.1:{homeostat.api_port}/#/{view}")
            expect(page.get_by_text(re.compile("^(Reading|Asking)"))).to_have_count(0)
            found[view] = complaints(page)
        page.keyboard.press("Control+k")
        found["command menu"] = complaints(page)
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        found["keys"] = complaints(page)
    assert not any(found.values()), found


def test_the_command_menu_finds_an_agent_and_does_what_may_be_done(
    homeostat: Installation,
) -> None:
    homeostat.in_force(patient(homeostat.get("/policy")["policy"]), "it sends once")
    name = f"menu-{free_port()}"
    plain_record(homeostat, name)
    with page_of(homeostat) as page:
        page.keyboard.press("Control+k")
        page.keyboard.type("fleet")
        page.keyboard.press("Enter")
        search = page.get_by_label("Search agents")
        search.fill(name)
        expect(page.get_by_role("row").filter(has_text=name)).to_be_visible()
        search.press("Control+k")  # from within a field too
        page.keyboard.type(f"maintenance {name}")
        offered = page.get_by_role("listbox", name="What fits").get_by_role("option")
        expect(offered.first).to_contain_text(f"Begin maintenance of {name}")
        page.keyboard.press("Enter")
        page.keyboard.type("a new disk")
        page.keyboard.press("Enter")
        expect(page.get_by_role("row").filter(has_text=name)).to_contain_text("maintenance")
        page.keyboard.press("Control+k")
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
        expect(page.get_by_role("button", name="End maintenance")).to_be_visible()


def test_a_chain_is_a_picture_a_table_and_a_file(homeostat: Installation) -> None:
    ended = homeostat.wait_for(
        lambda: homeostat.get("/findings", agent="web", state="ended")["items"], "healed service"
    )
    finding = ended[-1]["finding_id"]  # of its first start
    with page_of(homeostat) as page:
        page.goto(f"http://127.0.0.1:{homeostat.api_port}/#/findings/{finding}")
        page.get_by_role("link", name="Events", exact=True).click()
        table = page.get_by_role("table", name="Events of the chain")
        expect(table.get_by_role("row").filter(has_text="action.proposed")).to_be_visible()
        page.get_by_role("link", name="JSON", exact=True).click()
        with page.expect_download() as kept:
            page.get_by_role("button", name="Download").click()
        events = json.loads(kept.value.path().read_text(encoding="utf-8"))
    assert {"finding.raised", "action.proposed", "finding.ended"} <= {e["type"] for e in events}


def test_a_metric_is_found_opened_and_explained(homeostat: Installation) -> None:
    with page_of(homeostat) as page:
        page.goto(f"http://127.0.0.1:{homeostat.api_port}/#/fleet/this-host")
        page.get_by_label("Search metrics").fill("memory_us")
        expect(page).to_have_url(re.compile("metric=memory_us"))
        charts = page.get_by_role("region", name="Measurements").get_by_role("heading", level=3)
        expect(charts).to_have_count(1)
        charts.get_by_role("button", name="memory_usage").click()
        opened = page.get_by_role("dialog", name="memory_usage")
        expect(opened).to_contain_text("could not be given up at once")
        expect(opened).to_contain_text("highest")
        page.keyboard.press("Escape")
        expect(charts.get_by_role("button")).to_be_focused()


def test_the_fleet_is_grouped_by_what_the_address_says(homeostat: Installation) -> None:
    with page_of(homeostat) as page:
        page.goto(f"http://127.0.0.1:{homeostat.api_port}/#/fleet?by=type")
        page.get_by_role("region", name="service", exact=True).get_by_role("link").click()
        expect(page).to_have_url(re.compile("type=service"))
        rows = page.get_by_role("table", name="Agents").get_by_role("row")
        expect(rows.filter(has_text="web").first).to_be_visible()
        expect(rows.filter(has_text="this-host")).to_have_count(0)


def test_one_thing_is_done_to_all_that_are_listed(homeostat: Installation) -> None:
    homeostat.in_force(patient(homeostat.get("/policy")["policy"]), "they send once")
    prefix = f"many-{free_port()}"
    for each in ("a", "b"):
        plain_record(homeostat, f"{prefix}-{each}")
    with page_of(homeostat) as page:
        page.goto(f"http://127.0.0.1:{homeostat.api_port}/#/fleet?text={prefix}")
        page.get_by_role("button", name="Act on these 2").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("It would touch 2 agents")
        dialog.get_by_label("Reason").fill("new disks")
        dialog.get_by_role("button", name="Do it to 2 agents").click()
        expect(dialog).to_contain_text("2 done")
        page.keyboard.press("Escape")
        rows = page.get_by_role("table", name="Agents").get_by_role("row")
        expect(rows.filter(has_text=prefix).filter(has_text="maintenance")).to_have_count(2)
