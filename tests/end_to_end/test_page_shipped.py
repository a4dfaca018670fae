"""What a release ships otherwise is told on the page, taken over part by part, or declined."""

from __future__ import annotations

import asyncio
from copy import deepcopy
from typing import Any

import msgspec
from playwright.sync_api import Page, expect

from config.policy import default_policy, policy_from
from streams.kafka.publisher import Publisher
from streams.producers.policy import publish_policy
from tests.end_to_end.accessibility import complaints
from tests.end_to_end.browser import PATIENCE_MS, page_of
from tests.end_to_end.harness import Installation

expect.set_options(timeout=PATIENCE_MS)
REPORTED = "surveillance.thresholds.reported_up"
QUEUED = "limits.max_queued"


def earlier(version: int) -> dict[str, Any]:
    """Return the policy of an earlier release, which lacks a threshold and queues fewer."""
    document: dict[str, Any] = deepcopy(msgspec.to_builtins(default_policy()))
    document["version"] = version
    watch = document["surveillance"]
    watch["thresholds"] = [t for t in watch["thresholds"] if t["metric"] != "reported_up"]
    document["limits"]["max_queued"] = 7
    return document


async def upgraded(own: Installation) -> None:
    """Have `own` be one that began with an earlier release, and changed a limit since."""
    version = own.get("/policy")["version"] + 1
    old = earlier(version)
    mine = old | {"limits": old["limits"] | {"max_queued": 8}}
    async with Publisher(own.connection) as publisher:
        await publish_policy(
            publisher,
            own.signer,
            policy_from(mine),
            "homeostat",
            "as it was before an upgrade",
            shipped=policy_from(old),
        )
    await asyncio.to_thread(own.wait_for, lambda: own.get("/policy")["version"] == version, "it")


def answer(page: Page, verb: str, path: str) -> None:
    page.get_by_role("button", name=f"{verb} {path}").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("looked through")
    page.get_by_role("dialog").get_by_role("button", name=verb, exact=True).click()


def test_nothing_is_shown_where_nothing_is_offered(homeostat: Installation) -> None:
    with page_of(homeostat) as page:
        with page.expect_response("**/policy/shipped") as asked:
            page.goto(f"http://127.0.0.1:{homeostat.api_port}/#/settings")
        assert asked.value.json()["offers"] == []
        expect(page.get_by_label("Policy as JSON")).to_be_visible()
        expect(page.get_by_role("region", name="New in this release")).to_have_count(0)


def test_what_is_shipped_otherwise_is_taken_or_kept(homeostat: Installation) -> None:
    asyncio.run(upgraded(homeostat))
    with page_of(homeostat) as page:
        page.goto(f"http://127.0.0.1:{homeostat.api_port}/#/settings")
        offered = page.get_by_role("region", name="New in this release")
        rows = offered.get_by_role("row")
        expect(rows.filter(has_text=REPORTED)).to_contain_text("none → {")
        limit = rows.filter(has_text=QUEUED)
        shipped = default_policy().limits.max_queued
        expect(limit).to_contain_text(f"8 → {shipped}")
        expect(limit).to_contain_text("changed here too; it was shipped as 7")
        assert complaints(page) == []
        page.get_by_label("Policy as JSON").fill("{")
        expect(page.get_by_role("button", name=f"Take {QUEUED}")).to_be_disabled()
        page.get_by_role("button", name="Discard", exact=True).click()
        answer(page, "Take", REPORTED)
        expect(rows.filter(has_text=REPORTED)).to_have_count(0)
        answer(page, "Keep", QUEUED)
        expect(offered).to_have_count(0)
    now = homeostat.wait_for(lambda: _answered(homeostat), "policy with both answers")
    assert now["limits"]["max_queued"] == 8
    assert homeostat.get("/policy/shipped")["offers"] == []


def _answered(own: Installation) -> Any:
    policy = own.get("/policy")["policy"]
    watched = {each["metric"] for each in policy["surveillance"]["thresholds"]}
    return policy if "reported_up" in watched else None


def test_who_may_not_answer_sees_what_is_offered(homeostat: Installation) -> None:
    base = f"http://127.0.0.1:{homeostat.api_port}"
    token = homeostat.issued("of-a-tenant", "admin")["token"]
    asyncio.run(upgraded(homeostat))
    with page_of(homeostat) as page:
        page.goto(f"{base}/#token={token}")
        page.reload()
        page.goto(f"{base}/#/settings")
        expect(page.get_by_text("of-a-tenant, admin")).to_be_visible()
        offered = page.get_by_role("region", name="New in this release")
        expect(offered.get_by_role("row").filter(has_text=QUEUED)).to_be_visible()
        expect(offered.get_by_role("button")).to_have_count(0)
