"""The page by keys alone, and as weak eyes and a screen reader meet it."""

from __future__ import annotations

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
    with page_of(homeostat, color_scheme=scheme) as page:
        for view in VIEWS:
            page.goto(f"http://127.0.0.1:{homeostat.api_port}/#/{view}")
            expect(page.get_by_text(re.compile("^(Reading|Asking)"))).to_have_count(0)
            found[view] = complaints(page)
        page.keyboard.press("Control+k")
        found["command menu"] = complaints(page)
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
