"""A policy is tried on the page before it is put in force."""

from __future__ import annotations

import json
import os

from playwright.sync_api import expect

from tests.end_to_end.browser import PATIENCE_MS, page_of
from tests.end_to_end.harness import Installation

expect.set_options(timeout=PATIENCE_MS)


def test_what_a_policy_would_change_is_seen_before_it_is_in_force(
    homeostat: Installation,
) -> None:
    homeostat.command("publish", "tried-out", "log_size_mb=150")
    homeostat.wait_for(lambda: homeostat.get("/findings", agent="tried-out")["items"], "finding")
    before = homeostat.get("/policy")
    policy = before["policy"]
    for threshold in policy["surveillance"]["thresholds"]:
        if threshold["metric"] == "log_size_mb":
            threshold |= {"warning": 200, "clear": 180}
    with page_of(homeostat) as page:
        page.goto(f"http://127.0.0.1:{homeostat.api_port}/#/settings")
        editor = page.get_by_label("Policy as JSON")
        editor.fill("{")
        page.get_by_role("button", name="What if").click()
        expect(page.get_by_text("That is no JSON")).to_be_visible()
        editor.fill(json.dumps(policy))
        page.get_by_label("Over which span").select_option("3600")
        page.get_by_role("button", name="What if").click()
        table = page.get_by_role("region", name="Differences")
        mine = table.get_by_role("row").filter(has_text="tried-out")
        expect(mine.filter(has_text="log size")).not_to_have_count(0)
        if folder := os.environ.get("HOMEOSTAT_PICTURES"):
            page.screenshot(path=f"{folder}/what-if.png", full_page=True)
    assert homeostat.get("/policy")["version"] == before["version"]
