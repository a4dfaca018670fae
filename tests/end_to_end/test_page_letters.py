"""What was not accepted is answered on the page: sent in once more, or discarded with a reason."""

from __future__ import annotations

import asyncio

from playwright.sync_api import expect

from streams.contracts.record import Outgoing
from streams.contracts.topics import TELEMETRY
from tests.end_to_end.browser import PATIENCE_MS, page_of
from tests.end_to_end.harness import Installation
from tests.end_to_end.letters import send_raw

expect.set_options(timeout=PATIENCE_MS)


def test_a_letter_is_redriven_and_what_is_still_bad_discarded(homeostat: Installation) -> None:
    value = b"refused before a browser"
    asyncio.run(send_raw(homeostat, [Outgoing(TELEMETRY.name, None, value)]))
    with page_of(homeostat) as page:
        page.goto(f"http://127.0.0.1:{homeostat.api_port}/#/pipeline")
        rows = page.get_by_role("row").filter(has_text=value.decode())
        rows.get_by_role("button", name="Redrive").click()
        expect(rows).to_have_count(2)
        expect(rows.filter(has_text="redriven, refused")).to_have_count(1)
        rows.get_by_role("button", name="Discard").click()
        page.get_by_role("dialog").get_by_label("Reason").fill("a test sent it")
        page.get_by_role("dialog").get_by_role("button", name="Discard").click()
        expect(rows.filter(has_text="discarded")).to_have_count(1)
        expect(rows.get_by_role("button")).to_have_count(0)
