"""What is wrong is called on the page what a person would call it."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.end_to_end.browser import PATIENCE_MS, page_of
from tests.end_to_end.harness import Installation, patient
from tests.ports import free_port

expect.set_options(timeout=PATIENCE_MS)
METRIC = "queue_fill"


def test_a_limit_that_is_crossed_is_told_in_a_sentence(homeostat: Installation) -> None:
    policy = patient(homeostat.get("/policy")["policy"])
    watch = policy["surveillance"]
    usual = next(each for each in watch["thresholds"] if each["metric"] == "cpu_usage")
    rule = usual | {"metric": METRIC, "duration_s": 0, "unit": ""}
    watch["thresholds"] = [*watch["thresholds"], rule]
    homeostat.in_force(policy, "a limit that nothing else crosses")
    name = f"filled-{free_port()}"
    assert homeostat.command("publish", name, f"{METRIC}=99").returncode == 0
    found = homeostat.wait_for(lambda: homeostat.get("/incidents", agent=name)["items"], "incident")
    assert found[0]["title"] == f"{name}: threshold ({METRIC})"
    said = f"{name}: {METRIC} is 99, above {rule['clear']:g}"
    with page_of(homeostat) as page:
        for view in ("overview", "incidents"):
            page.goto(f"http://127.0.0.1:{homeostat.api_port}/#/{view}")
            expect(page.get_by_role("link", name=said, exact=True).first).to_be_visible()
        page.get_by_role("link", name=said, exact=True).first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(said)
        members = page.get_by_role("table", name="Members")
        expect(members.get_by_role("link", name=f"{METRIC} is beyond its limit")).to_be_visible()
        expect(page.get_by_text(re.compile(r"threshold \("))).to_have_count(0)
        page.keyboard.press("Control+k")
        page.keyboard.type(name)
        offered = page.get_by_role("listbox", name="What fits").get_by_role("option")
        expect(offered.filter(has_text=said)).to_be_visible()
