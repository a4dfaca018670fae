"""The live view against a real installation: what happens shows, and is answered."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import DataTable, RichLog

from api.cli.client import REFUSED
from api.cli.top.app import Top
from api.cli.top.panels import Things
from api.cli.top.question import Question
from api.cli.top.source import Source
from tests.end_to_end.harness import PATIENCE_S, Installation
from tests.end_to_end.test_spine import plain_record
from tests.ports import free_port

SMALL = (80, 24)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Run an installation in which a person decides whether a service is restarted."""
    installation = Installation(tmp_path_factory.mktemp("top"))
    try:
        installation.start()
        installation.settled()
        policy = installation.get("/policy")["policy"]
        policy["actions"]["service.restart"]["mode"] = "approve"
        policy["actions"].pop("service.kill_stuck")
        installation.in_force(policy, "people decide")
        yield installation
    finally:
        installation.stop()


@asynccontextmanager
async def watching(own: Installation) -> AsyncIterator[Pilot[None]]:
    token = (own.home / "token").read_text(encoding="ascii").strip()
    top = Top(Source(f"http://127.0.0.1:{own.api_port}", token))
    async with top.run_test(size=SMALL, notifications=True) as pilot:
        yield pilot


async def until(pilot: Pilot[None], look: Callable[[], object], what: str) -> None:
    """Wait until the screen shows it."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not look():
                await pilot.pause(0.05)
    except TimeoutError:
        raise AssertionError(f"no {what}:\n{shown(pilot)}") from None


def told_of(pilot: Pilot[None], text: str) -> bool:
    """Say whether the tail of events holds `text`."""
    return any(text in line.text for line in pilot.app.query_one(RichLog).lines)


def ends(pilot: Pilot[None]) -> int:
    """Return how often the tail of events tells that a finding about the service ended."""
    lines = [line.text for line in pilot.app.query_one(RichLog).lines]
    return sum("finding.ended" in line and " web " in line for line in lines)


def shown(pilot: Pilot[None]) -> str:
    """Return the screen as text."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


def found_down(pilot: Pilot[None]) -> bool:
    """Say whether the table of findings tells of the service; a busy host may have some too."""
    table = pilot.app.query_one("#findings", Things)
    return any("up of default/web is 0" in str(cell) for row in rows(table) for cell in row)


def rows(table: Things) -> list[list[Any]]:
    return [table.get_row_at(number) for number in range(table.row_count)]


async def test_everything_has_its_place_on_a_small_screen(own: Installation) -> None:
    async with watching(own) as pilot:
        await until(pilot, lambda: "live" in shown(pilot), "live stream")
        await until(pilot, lambda: told_of(pilot, "finding.ended"), "events")
        # Each panel has a request of its own: none is there because another one is.
        for told in (
            *("projector   ok", "behind", "Fleet: ", "active ", "healthy"),
            *("Open findings: ", "Active incidents: ", "Waiting for a person: "),
        ):
            await until(pilot, lambda told=told: told in shown(pilot), told)
        text = shown(pilot)
        assert len(text.splitlines()) == 24
        for key in ("a Approve", "r Reject", "q Quit"):
            assert key in text, text
        for widget in pilot.app.screen.query("Lines, Things, RichLog"):
            assert widget.region.bottom <= 24
            assert widget.content_size.height >= 1, text


def kill_service(own: Installation) -> int:
    """Kill the service; return what it was."""
    before = own.wait_for(own.service_pid, "service")
    os.kill(before, signal.SIGKILL)
    return before


def waits(pilot: Pilot[None]) -> bool:
    return bool(pilot.app.query_one("#actions", DataTable).row_count)


async def answered(pilot: Pilot[None], key: str, reason: str) -> None:
    """Answer what waits, as a person types it."""
    await until(pilot, lambda: waits(pilot), "action that waits")
    await until(pilot, lambda: "service.restart" in shown(pilot), "action's name")
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, Question), "question")
    await until(pilot, lambda: "service.restart for web on this-host" in shown(pilot), "its words")
    await pilot.press("enter")  # without a reason it goes on asking
    assert isinstance(pilot.app.screen, Question)
    await pilot.press(*reason, "enter")
    await until(pilot, lambda: not waits(pilot), "answer")


async def given(own: Installation, reason: str) -> bool:
    """Wait until the answer with this reason is on record; return whether it approved."""

    def told() -> list[dict[str, Any]]:
        found = own.get("/events", type="action.approval_given", limit=1000)["items"]
        return [each["data"] for each in found if each["data"]["reason"] == reason]

    (answer,) = await asyncio.to_thread(own.wait_for, told, f"answer {reason!r}")
    return bool(answer["approved"])


async def test_a_fault_shows_and_its_restart_is_approved(own: Installation) -> None:
    async with watching(own) as pilot:
        await until(pilot, lambda: "live" in shown(pilot), "live stream")
        ended = ends(pilot)
        before = await asyncio.to_thread(kill_service, own)
        await until(pilot, lambda: found_down(pilot), "finding")
        await until(pilot, lambda: re.search(r"Open findings: \d", shown(pilot)), "their count")
        await until(pilot, lambda: re.search(r"\d failing", shown(pilot)), "failing agent")
        await until(pilot, lambda: waits(pilot), "action that waits")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(pilot.app.screen, Question), "question")
        await pilot.press("escape")
        assert waits(pilot)  # to think better of it answers nothing

        await answered(pilot, "a", "goahead")
        await until(pilot, lambda: not found_down(pilot), "recovery")
        await until(pilot, lambda: ends(pilot) > ended, "event")
        assert await asyncio.to_thread(own.wait_for, own.service_pid, "service") != before
    assert await given(own, "goahead")


async def test_a_restart_is_rejected_and_another_one_not_answered_twice(own: Installation) -> None:
    await asyncio.to_thread(own.settled)
    async with watching(own) as pilot:
        await asyncio.to_thread(kill_service, own)
        await answered(pilot, "r", "notnow")
        assert not await given(own, "notnow")
        await pilot.press("r")
        await until(pilot, lambda: "no action waits for a person" in shown(pilot), "remark")
    assert (await asyncio.to_thread(own.command, "services", "start", "web")).returncode == 0
    await asyncio.to_thread(own.wait_for, own.service_pid, "service")


async def test_it_comes_back_with_the_server_and_misses_nothing(own: Installation) -> None:
    async with watching(own) as pilot:
        await until(pilot, lambda: "live" in shown(pilot), "live stream")
        for pid in own.pids("api"):
            os.kill(pid, signal.SIGKILL)
        await until(pilot, lambda: "disconnected since" in shown(pilot), "word of the outage")
        name = f"meanwhile-{free_port()}"
        plain_record(own, name)
        await until(pilot, lambda: "live" in shown(pilot), "stream after the outage")
        await until(pilot, lambda: told_of(pilot, name), "what was missed")


async def test_a_token_that_is_refused_ends_it(own: Installation) -> None:
    top = Top(Source(f"http://127.0.0.1:{own.api_port}", "nobody's token"))
    async with top.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: top.refusal is not None, "refusal")
    assert top.refusal is not None
    assert top.refusal.status == REFUSED


class Pty:
    """`homeostat top` in a terminal of 80 by 24."""

    def __init__(self, own: Installation, **environment: str) -> None:
        self.fd, inner = pty.openpty()
        termios.tcsetwinsize(inner, (24, 80))
        self.process = subprocess.Popen(
            [Path(sys.executable).with_name("homeostat"), "top"],
            env=os.environ | own.own | {"TERM": "xterm", "COLORTERM": "truecolor"} | environment,
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
        )
        os.close(inner)
        self.seen = b""

    def read_until(self, told: bytes) -> None:
        """Read on until the screen was sent `told`."""
        give_up = time.monotonic() + PATIENCE_S
        while told not in self.seen:
            ready, _, _ = select.select([self.fd], [], [], max(0.0, give_up - time.monotonic()))
            assert ready, self.seen[-2000:]
            self.seen += os.read(self.fd, 65536)

    def end(self) -> int:
        """Press q; return the exit status."""
        os.write(self.fd, b"q")
        while self.process.poll() is None:
            with contextlib.suppress(OSError):  # its end hangs up
                if select.select([self.fd], [], [], 0.1)[0]:
                    self.seen += os.read(self.fd, 65536)
        os.close(self.fd)
        return self.process.returncode


@pytest.mark.parametrize("colours", [True, False])
def test_q_quits_and_colours_can_be_left_out(own: Installation, colours: bool) -> None:
    terminal = Pty(own, **({} if colours else {"NO_COLOR": "1"}))
    try:
        terminal.read_until(b"live")
        terminal.read_until(b"healthy")
        assert terminal.end() == 0
    finally:
        terminal.process.kill()
        terminal.process.wait()
    found = re.findall(rb"\x1b\[[0-9;]*(?:[34]8;[25];|[349][0-7])[0-9;]*m", terminal.seen)
    assert bool(found) is colours


def test_without_a_terminal_it_says_what_to_do(own: Installation) -> None:
    done = own.command("top")
    assert done.returncode == 2
    assert "homeostat status" in done.stderr
