"""The page tells the installation's own workers from a fleet's agents of that type."""

from __future__ import annotations

import asyncio

from playwright.sync_api import expect

from streams.contracts.record import Outgoing
from streams.contracts.telemetry import Heartbeat, encode_heartbeat
from streams.contracts.topics import TELEMETRY
from tests.end_to_end.browser import PATIENCE_MS, page_of
from tests.end_to_end.harness import Installation
from tests.end_to_end.letters import send_raw

expect.set_options(timeout=PATIENCE_MS)
FLEET = 600
"""More than the API gives in one page of a list."""


def theirs(number: int) -> Outgoing:
    said = Heartbeat(f"queue-worker-{number}", {"tasks": 3.0}, agent_type="worker")
    return Outgoing(TELEMETRY.name, said.key.encode(), encode_heartbeat(said))


def test_a_fleet_of_workers_hides_none_of_ours(homeostat: Installation) -> None:
    asyncio.run(send_raw(homeostat, [theirs(number) for number in range(FLEET)]))
    last = f"/agents/queue-worker-{FLEET - 1}"
    homeostat.wait_for(lambda: homeostat.get(last), "the fleet")
    with page_of(homeostat) as page:
        page.goto(f"http://127.0.0.1:{homeostat.api_port}/#/pipeline")
        workers = page.locator(
            "section", has=page.get_by_role("heading", name="Workers")
        ).get_by_role("row")
        expect(workers.filter(has_text="worker-0")).to_have_count(1)
        expect(workers.filter(has_text="queue-worker")).to_have_count(0)
