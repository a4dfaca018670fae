"""The page in a real browser: what happens is seen, explained, answered and travelled to."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import time
from collections.abc import Iterator

import httpx
import pytest
from confluent_kafka import Producer
from playwright.sync_api import Page, expect

from streams.contracts.topics import TELEMETRY
from tests.end_to_end.browser import PATIENCE_MS, page_of
from tests.end_to_end.harness import PATIENCE_S, Installation, patient
from tests.end_to_end.test_spine import plain_record
from tests.ports import free_port

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Run an installation that these tests may change."""
    installation = Installation(tmp_path_factory.mktemp("page"))
    try:
        installation.start()
        unjudged(installation)
        yield installation
    finally:
        installation.stop()


def unjudged(own: Installation) -> None:
    """Judge nothing that the load of this machine moves: its findings would join the others."""
    policy = patient(own.get("/policy")["policy"])
    watch = policy["surveillance"]
    watch["threats"] = []
    watch["thresholds"] = [rule for rule in watch["thresholds"] if rule["metric"] == "up"]
    watch["detector"]["enabled"] = False
    own.in_force(policy, "the load of this machine is not what is tested")


@pytest.fixture
def page(own: Installation) -> Iterator[Page]:
    """Open the page."""
    own.settled()
    with page_of(own) as opened:
        yield opened


def kill_service(own: Installation) -> None:
    os.kill(own.wait_for(own.service_pid, "service"), signal.SIGKILL)


def healed(own: Installation) -> str:
    """Kill the service; return the finding that tells of it once its story has ended."""
    known = own.settled()
    kill_service(own)
    (finding,) = own.settled(known) - known
    return finding


def incident_of(own: Installation, finding: str) -> str:
    """Return the incident that a finding belongs to."""

    def told() -> list[str]:
        found = own.get("/incidents", agent="web", limit=1000)["items"]
        return [
            each["incident_id"]
            for each in found
            if finding in {member["finding_id"] for member in each["members"]}
        ]

    return own.wait_for(told, "incident of the finding")[0]


def told(
    own: Installation, agent: str, records: list[dict[str, float]], every_s: float = 0.0
) -> None:
    """Send what an agent measured, each so long after the other, the last about now."""
    client = Producer({"bootstrap.servers": own.connection.bootstrap})
    began = time.time() - every_s * len(records)
    for place, metrics in enumerate(records):
        at = began + every_s * place
        value = json.dumps({"agent_id": agent, "metrics": metrics, "at": at}).encode()
        client.produce(TELEMETRY.name, value, key=agent.encode())
    assert client.flush(30) == 0


def go(page: Page, tab: str) -> None:
    page.get_by_role("navigation").get_by_role("link", name=re.compile(f"^{tab}")).click()


def test_the_token_leaves_the_address_and_the_session_stays(own: Installation, page: Page) -> None:
    assert "token" not in page.url
    page.reload()
    expect(page.get_by_role("status").filter(has_text="live")).to_be_visible()
    assert page.evaluate("document.cookie") == ""


def test_without_a_token_it_asks_for_one(own: Installation, page: Page) -> None:
    go(page, "Settings")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("token")


def test_an_agent_appears_by_itself(own: Installation, page: Page) -> None:
    go(page, "Fleet")
    name = f"newcomer-{free_port()}"
    plain_record(own, name)
    expect(page.get_by_role("row").filter(has_text=name)).to_be_visible()
    page.get_by_label("Search agents").fill(name)
    expect(page).to_have_url(re.compile(f"text={name}"))
    page.get_by_role("row").filter(has_text=name).click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("cpu_usage: 41.5"))).to_be_visible()


def test_a_fault_is_seen_healed_and_explained(own: Installation, page: Page) -> None:
    page.goto(f"http://127.0.0.1:{own.api_port}/#/incidents?by=finding")
    link = page.locator(f"a[href='#/findings/{healed(own)}']")
    expect(link).to_have_text("web is down")
    link.click()
    stops = page.get_by_role("list", name="From measurement to outcome")
    for stop in ("Finding", "Decision", "Command", "Taken up", "Verified", "Outcome", "Over"):
        expect(stops.get_by_role("listitem").filter(has_text=stop).first).to_be_visible()
    stops.get_by_role("listitem").filter(has_text="Decision").click()
    expect(page.get_by_role("dialog")).to_contain_text("service.restart")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()


def test_an_incident_is_shown_in_time_with_where_it_began(own: Installation, page: Page) -> None:
    incident = incident_of(own, healed(own))
    page.goto(f"http://127.0.0.1:{own.api_port}/#/incidents")
    link = page.locator(f"a[href='#/incidents/{incident}']")
    expect(link).to_have_text(re.compile("^web: service down"))
    link.click()
    lanes = page.get_by_role("list", name="Findings over time, root first")
    expect(lanes.get_by_role("listitem").first).to_contain_text("root, the first")
    began = page.get_by_role("row").filter(has_text="where it most likely began").first
    expect(began).to_contain_text("web")
    brief = page.get_by_role("region", name="In short")
    expect(brief).to_contain_text("web went down")
    expect(brief).to_contain_text("should remove 100 % of it")
    expect(brief).to_contain_text("answers 200")
    expect(brief).to_contain_text("What is still open")
    page.get_by_role("button", name="See it as it began").click()
    expect(page.get_by_text("You are looking at")).to_be_visible()
    page.locator("body").press("t")
    expect(page.get_by_text("You are looking at")).to_have_count(0)
    expect(brief).to_contain_text("answers 200")
    lanes.get_by_role("listitem").first.click()
    expect(page.get_by_role("heading", name="Why, from measurement to outcome")).to_be_visible()


def test_an_approval_is_given(own: Installation, page: Page) -> None:
    policy = own.get("/policy")["policy"]
    careful = policy["actions"]["service.restart"] | {"mode": "approve"}
    changed = policy | {"actions": policy["actions"] | {"service.restart": careful}}
    changed["actions"].pop("service.kill_stuck")
    own.in_force(changed, "people decide")
    known = own.settled()
    kill_service(own)
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.get_by_role("listitem").filter(has_text="waits for approval").get_by_role(
        "link", name="service.restart"
    ).click()
    assert own.service_pid() is None
    expect(page.get_by_role("row").filter(has_text="chosen")).to_contain_text("service.restart")
    page.get_by_role("link", name="service down").click()
    page.get_by_role("button", name="Acknowledge").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("on it")
    page.get_by_role("dialog").get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_role("region", name="Looked after")).to_contain_text(
        "acknowledged it: on it"
    )
    page.go_back()
    expect(page.get_by_role("region", name="What it would do")).to_contain_text("http.server")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("dialog").get_by_role("list", name="Steps")).to_contain_text("start")
    page.get_by_role("dialog").get_by_label("only if it would still do just that").check()
    page.get_by_role("dialog").get_by_label("Reason").fill("seen, go ahead")
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(page.get_by_text("succeeded, verified")).to_be_visible()
    own.settled(known)
    own.in_force(policy, "as before")


def test_the_past_is_shown_and_never_taken_for_the_present(own: Installation, page: Page) -> None:
    go(page, "Fleet")
    name, began = f"latest-{free_port()}", time.monotonic()
    plain_record(own, name)
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_be_visible()
    page.get_by_label("Span of the timeline").select_option("15 min")
    back_s = time.monotonic() - began + 20.0
    page.get_by_label("Moment that is shown").fill(str(int(1000 * (1.0 - back_s / 900.0))))
    expect(page.get_by_text("You are looking at")).to_be_visible()
    expect(row).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/\?at=[^#]+#/fleet"))
    page.reload()  # the address holds the moment
    go(page, "Overview")
    expect(page.get_by_text("You are looking at")).to_be_visible()
    expect(page.get_by_role("button", name="Restart web")).to_have_count(0)
    page.locator("body").press("t")
    expect(page.get_by_text("You are looking at")).to_have_count(0)
    go(page, "Fleet")
    expect(row).to_be_visible()


_NOTE_OUTAGES = """patience => {
    const told = () => [...document.querySelectorAll('[role=alert]')]
        .some(each => each.textContent.includes('the server does not answer'));
    window.outage = new Promise(done => {
        new MutationObserver(() => told() && done(true))
            .observe(document.body, {subtree: true, childList: true, characterData: true});
        setTimeout(() => done(false), patience);
    });
}"""
"""Sees every change of the page: the server may be back before a look from outside. The page's own
policy forbids to wait there for a string of code."""


def test_it_survives_a_restart_of_the_server(own: Installation, page: Page) -> None:
    expect(page.get_by_role("status").filter(has_text="live")).to_be_visible()
    page.evaluate(_NOTE_OUTAGES, PATIENCE_MS)
    os.kill(own.wait_for(lambda: own.pids("api"), "API")[0], signal.SIGKILL)
    assert page.evaluate("() => window.outage"), "the page never said that the server is away"
    name = f"meanwhile-{free_port()}"
    plain_record(own, name)
    expect(page.get_by_role("status").filter(has_text="live")).to_be_visible()
    go(page, "Log")
    expect(page.get_by_role("link", name=name).first).to_be_visible()


def test_everything_can_be_reached_by_keys(own: Installation, page: Page) -> None:
    for key, heading in (("f", "agents?"), ("i", "open|Nothing is wrong"), ("l", "Log")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page.get_by_role("heading", level=1, name=re.compile(heading))).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Back to live")


def test_what_was_expected_is_a_band_and_what_left_it_is_explained(
    own: Installation, page: Page
) -> None:
    policy = own.get("/policy")["policy"]
    watch = policy["surveillance"]
    learning = {"window_s": 1, "detector": watch["detector"] | {"enabled": True}}
    quick = policy | {"surveillance": watch | learning}
    own.in_force(quick, "sooner")
    name, draw = f"learnt-{free_port()}", random.Random(1)
    page.goto(f"http://127.0.0.1:{own.api_port}/#/fleet/{name}")
    usual = [
        {"latency": draw.gauss(120.0, 5.0), "waiting": draw.gauss(9.0, 1.0)} for _ in range(240)
    ]
    told(own, name, usual, every_s=14.0)
    expect(page.get_by_role("img", name=re.compile("latency: .* usually "))).to_be_visible()
    told(own, name, [{"latency": 900.0, "waiting": 80.0}] * 3)
    unusual = page.get_by_role("region", name="Unusual")
    expect(unusual.get_by_role("row").filter(has_text="latency")).to_contain_text("900 ms")
    expect(unusual).to_contain_text("Not seen like this before")
    unusual.get_by_role("button", name="Accept as new normal").first.click()
    page.get_by_role("dialog").get_by_label("Reason").fill("more is asked of it")
    page.get_by_role("dialog").get_by_role("button", name="Accept").click()
    expect(page.get_by_text("new normal after").first).to_be_visible()
    page.get_by_role("link", name=f"latency of {name} is 900").first.click()
    measured = page.get_by_role("region", name="Measured")
    expect(measured.get_by_role("img", name=re.compile("latency: .* usually "))).to_be_visible()
    told(own, name, [{"latency": 333.0, "waiting": 9.0}])
    expect(measured.get_by_role("img", name=re.compile("latency: 333 ms"))).to_be_visible()
    own.in_force(policy, "as before")


def test_a_token_is_made_shown_once_and_revoked(own: Installation, page: Page) -> None:
    go(page, "Settings")
    tokens = page.get_by_role("region", name="Tokens")
    tokens.get_by_label("Name").fill("grafana")
    tokens.get_by_role("button", name="Create token").click()
    secret = tokens.get_by_label("New token").inner_text()
    headers = {"authorization": f"Bearer {secret}"}
    fleet = f"http://127.0.0.1:{own.api_port}/api/v1/fleet"
    assert httpx.get(fleet, headers=headers, timeout=PATIENCE_S).status_code == 200
    tokens.get_by_role("button", name="I have it").click()
    expect(page.get_by_text(secret)).to_have_count(0)
    tokens.get_by_role("button", name="Revoke grafana").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("a test is over")
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(tokens.get_by_role("row").filter(has_text="grafana")).to_contain_text("a test is over")
    assert httpx.get(fleet, headers=headers, timeout=PATIENCE_S).status_code == 401


def test_a_session_that_has_ended_keeps_what_it_showed_and_is_begun_anew(
    own: Installation, page: Page
) -> None:
    base = f"http://127.0.0.1:{own.api_port}"
    token = (own.home / "token").read_text(encoding="ascii").strip()
    headers = {"authorization": f"Bearer {token}"}
    made = own.issued("guest", "viewer")
    page.goto(f"{base}/#token={made['token']}")
    page.reload()
    go(page, "Settings")
    expect(page.get_by_text("guest, viewer")).to_be_visible()
    ended = f"{base}/api/v1/tokens/{made['issued']['token_id']}"
    httpx.delete(ended, params={"reason": "over"}, headers=headers).raise_for_status()
    expect(page.get_by_role("alert")).to_contain_text("Your session has ended")
    expect(page.get_by_text("guest, viewer")).to_be_visible()
    page.get_by_role("button", name="Sign in again").click()
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1, name="Settings")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="live")).to_be_visible()


@pytest.mark.parametrize("view", ["overview", "fleet", "fleet/web", "incidents", "actions", "log"])
def test_a_phone_needs_no_sideways_scrolling(own: Installation, page: Page, view: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"http://127.0.0.1:{own.api_port}/#/{view}")
    page.reload()  # nothing of the view before is left to be measured
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text(re.compile("^Reading"))).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
