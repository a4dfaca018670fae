"""What the guide says of failures, brought about: what is seen, and what goes on meanwhile."""

from __future__ import annotations

import datetime as dt
import os
import re
import signal
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from api.guide.pages import read_page
from tests.end_to_end.harness import Installation

LATE_S = 180.0
_PAGE = " ".join(read_page("failures").text.split())


def quoted(text: str) -> str:
    """Return `text`, which the guide must show."""
    assert text in _PAGE, f"the guide does not say {text!r}"
    return text


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Run an installation that the tests of this module break and leave whole."""
    installation = Installation(tmp_path_factory.mktemp("failing"))
    try:
        installation.start()
        installation.settled()
        installation.wait_for(lambda: part(installation, "ticker") == ("ok", ""), "ticker")
        yield installation
    finally:
        installation.stop()


def part(own: Installation, name: str) -> tuple[str, str] | None:
    """Return state and detail of a part, as the API tells them."""
    found = own.get("/system/health")["components"].get(name)
    return (found["status"], found["detail"]) if found else None


@contextmanager
def stopped(*pids: int) -> Iterator[None]:
    """Let processes stand still for as long as the context lasts."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def wait_for_log(own: Installation, pattern: str, since: int) -> str:
    """Return what `up` has printed from `since` on that matches."""

    def look() -> str | None:
        found = re.search(pattern, own.log_text()[since:])
        return found[0] if found else None

    return own.wait_for(look, f"{pattern!r} in the log", LATE_S)


def heals(own: Installation) -> None:
    """Kill the service; another process must serve in its place."""
    before = own.wait_for(own.service_pid, "service")
    os.kill(before, signal.SIGKILL)
    own.wait_for(lambda: own.service_pid() not in (None, before), "service in its place", LATE_S)


def story(own: Installation) -> set[str]:
    """Return the times that the service was found dead, as the views know them."""
    found = own.get("/findings", agent="web", kind="service_down", limit=1000)["items"]
    return {each["finding_id"] for each in found}


def test_a_broker_that_hangs_is_named_at_once(own: Installation) -> None:
    with stopped(own.pids("broker")[0]):
        detail = quoted("does not answer")
        own.wait_for(lambda: part(own, "broker") == ("degraded", detail), "broker's state")
    own.wait_for(lambda: part(own, "broker") == ("ok", ""), "broker")


def test_a_worker_that_stood_still_ends_itself_and_resumes(own: Installation) -> None:
    before, since = own.settled(), len(own.log_text())
    own.wait_for(lambda: own.get("/agents/worker-0"), "agent of the worker")
    worker = own.pids("worker")[0]
    with stopped(worker):
        late_s = silent_for(own, "worker-0") + 12.0
        own.wait_for(lambda: silent_for(own, "worker-0") > late_s, "silence of the worker", LATE_S)
    quoted("the worker ends: the loop stood still for 74.9 s: partitions are not ours now")
    wait_for_log(own, r"the worker ends: the loop stood still for [\d.]+ s: partitions", since)
    own.wait_for(lambda: own.pids("worker") not in ([], [worker]), "another worker")
    heals(own)
    own.settled(before)


def silent_for(own: Installation, agent: str) -> float:
    """Return for how long the views have shown nothing new of an agent, in seconds."""
    seen = dt.datetime.fromisoformat(own.get(f"/agents/{agent}")["last_seen"])
    return (dt.datetime.now(dt.UTC) - seen).total_seconds()


@pytest.mark.slow
def test_a_stopped_projector_is_told_and_healing_goes_on(own: Installation) -> None:
    before = own.settled()
    with stopped(own.pids("projector")[0]):
        heals(own)
        detail = quoted("records wait, and nothing was projected lately")
        own.wait_for(lambda: part(own, "projector") == ("degraded", detail), "lag", LATE_S)
        assert story(own) == before
    own.settled(before)
    own.wait_for(lambda: part(own, "projector") == ("ok", ""), "projector")


@pytest.mark.slow
def test_a_locked_database_is_waited_for_and_healing_goes_on(own: Installation) -> None:
    before, since = own.settled(), len(own.log_text())
    with closing(sqlite3.connect(own.home / "homeostat.db", isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        heals(own)
        wait_for_log(own, re.escape(quoted("database is locked; trying again every 1 s")), since)
        database.execute("ROLLBACK")
    own.settled(before)


def test_a_second_up_is_refused_and_the_first_not_disturbed(own: Installation) -> None:
    refused = own.command("up")
    assert refused.returncode == 2
    quoted("is in use by another `` `homeostat up` ``; end that one")
    assert f"HOMEOSTAT_HOME={own.home} is in use by another `homeostat up`" in refused.stderr
    own.wait_for(lambda: part(own, "broker") == ("ok", ""), "broker")


def test_a_wrong_token_is_told_with_the_remedy(own: Installation) -> None:
    refused = own.command("agents", HOMEOSTAT_TOKEN="wrong")
    assert refused.returncode == 4
    assert quoted("send the header Authorization: Bearer TOKEN with a token that is valid now") in (
        refused.stderr
    )


def test_what_finds_no_place_in_the_queue_is_refused_and_weighed_again(own: Installation) -> None:
    usual = own.get("/policy")["policy"]
    full = usual | {"limits": usual["limits"] | {"max_queued": 0, "max_concurrent": 0}}
    own.in_force(full, "no room")
    known, before = own.settled(), own.service_pid()
    assert before is not None
    os.kill(before, signal.SIGKILL)
    own.wait_for(lambda: refused_for(own, "0 actions wait already"), "refusal")
    quoted("… actions wait already")
    own.in_force(usual, "room again")
    own.settled(known)
    assert own.service_pid() != before


def refused_for(own: Installation, detail: str) -> list[dict[str, Any]]:
    """Return the actions of the service that were refused for `detail`."""
    found = own.get("/actions", agent="web", state="refused")["items"]
    return [each for each in found if each["detail"] == detail]


def test_an_api_whose_port_is_taken_says_by_whom(tmp_path: Path) -> None:
    other = Installation(tmp_path / "home")
    with socket.create_server(("127.0.0.1", other.api_port)):
        found = other.command("doctor")
        assert found.returncode == 1
        assert f"{other.api_port} is taken by process {os.getpid()}" in found.stdout
        quoted("homeostat up: HOMEOSTAT_API_PORT=8000 is taken by process 12352")
        refused = [other.command("role", "api"), other.command("up")]
    for each in refused:
        assert each.returncode == 2
        taken = f"HOMEOSTAT_API_PORT={other.api_port} is taken by process {os.getpid()}"
        assert taken in each.stderr
