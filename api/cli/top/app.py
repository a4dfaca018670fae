"""The live view: panels, keys, and what keeps them up to date."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from rich.markup import escape
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Footer, RichLog, Static

from api.cli.client import AWAY, CommandError
from api.cli.top.board import (
    ACTIONS,
    EVERYTHING,
    FINDINGS,
    FLEET,
    INCIDENTS,
    PARTS,
    asking,
    by_severity,
    event_line,
    fleet_lines,
    incidents_told,
    part_lines,
    stale_after,
    time_of,
)
from api.cli.top.panels import Lines, Things, styled
from api.cli.top.question import Question
from api.cli.top.source import Source

LOOK_S: Final = 2.0
"""The parts' lag moves without an event."""
TOGETHER_S: Final = 0.2
"""Events come in bursts: what they changed is asked for once."""


class Top(App[None]):
    """Watches an installation until a person quits.

    Parameters
    ----------
    source : Source
        Its API.
    """

    TITLE = "homeostat"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "answer('approve')", "Approve"),
        Binding("r", "answer('reject')", "Reject"),
        Binding("q", "quit", "Quit"),
        Binding("tab", "app.focus_next", "Next panel", show=True),
    ]
    CSS = """
    #link { height: 1; }
    Horizontal { height: 7; min-height: 5; }
    Lines { width: 1fr; height: 100%; border: round $primary; padding: 0 1;
            text-wrap: nowrap; text-overflow: ellipsis; }
    Things { height: 1fr; min-height: 3; border: round $primary; }
    RichLog { height: 1fr; min-height: 3; border: round $primary; }
    Things, RichLog { scrollbar-size-horizontal: 0; scrollbar-size-vertical: 1; }
    Things:nocolor > .datatable--cursor { text-style: reverse; }
    Things:focus, RichLog:focus { border: round $accent; }
    """

    def __init__(self, source: Source) -> None:
        # Without it, what is left out of colours would be made grey.
        super().__init__(ansi_color=True if os.environ.get("NO_COLOR") else None)
        self.refusal: CommandError | None = None
        """Why it ended by itself; None where a person quit."""
        self._source = source
        self._linked: bool | None = None
        self._stale: set[str] = set()
        self._wanted = asyncio.Event()

    def compose(self) -> ComposeResult:
        """Lay the panels out; all of them fit into 80 by 24."""
        yield Static(id="link")
        with Horizontal():
            yield Lines("Fleet", FLEET)
            yield Lines("Pipeline", PARTS)
        yield Things("Open findings", FINDINGS, ("severity", "agent", "raised", "summary"))
        yield Things("Waiting for a person", ACTIONS, ("action", "agent", "since", "why"))
        events = RichLog(id="events", max_lines=1000, auto_scroll=True)
        events.border_title = "Events"
        yield events
        yield Footer()

    def on_mount(self) -> None:
        """Begin to follow."""
        self.query_one(f"#{ACTIONS}").focus()
        self._tell_link(None)
        self.run_worker(self._until_refused(self._follow()))
        self.run_worker(self._until_refused(self._refresh_stale()))
        self.set_interval(LOOK_S, lambda: self._look_again({PARTS}))

    async def on_unmount(self) -> None:
        """Let go of the API."""
        await self._source.close()

    async def _until_refused(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work`; end where the API refuses, such as a token that is over."""
        try:
            await work
        except CommandError as error:
            self.refusal = error
            self.exit()

    async def _follow(self) -> None:
        events = await self._begin()
        for event in events:
            self._take(event)
        after = events[-1]["seq"] if events else 0
        async for event in self._source.events(after, self._tell_link):
            self._take(event)
            self._look_again(stale_after(event["type"]))

    async def _begin(self) -> list[dict[str, Any]]:
        """Return the last events as soon as the API answers."""
        while True:
            try:
                return await self._source.latest()
            except CommandError as error:
                if error.status != AWAY:
                    raise
            self._tell_link(False)
            await asyncio.sleep(LOOK_S)

    def _take(self, event: dict[str, Any]) -> None:
        self.query_one(RichLog).write(Text(event_line(event), no_wrap=True))

    def _tell_link(self, linked: bool | None) -> None:
        if linked is not None and linked == self._linked:
            return
        self._linked = linked
        now = datetime.now(UTC).strftime("%H:%M:%S")
        told, looks = {
            None: ("connecting", "starting"),
            True: ("live", "ok"),
            False: (f"disconnected since {now}, trying again", "down"),
        }[linked]
        line = Text.assemble(f" homeostat {self._source.base}  ", styled(told, looks))
        self.query_one("#link", Static).update(line)
        if linked:
            self._look_again(EVERYTHING)

    def _look_again(self, parts: set[str] | frozenset[str]) -> None:
        if parts:
            self._stale |= parts
            self._wanted.set()

    async def _refresh_stale(self) -> None:
        while True:
            await self._wanted.wait()
            await asyncio.sleep(TOGETHER_S)
            self._wanted.clear()
            parts, self._stale = self._stale, set()
            for part in parts:
                try:
                    self._show(part, await self._source.picture(part))
                except CommandError as error:
                    if error.status != AWAY:
                        raise
                    # Everything is looked at again once the stream stands.

    def _show(self, part: str, found: Any) -> None:
        if part == FLEET:
            lines = self.query_one(f"#{FLEET}", Lines)
            lines.border_title = f"Fleet: {len(found['agent_id']):,} agents"
            lines.show(fleet_lines(found))
        elif part == PARTS:
            lines = self.query_one(f"#{PARTS}", Lines)
            lines.border_title = f"Pipeline: {found['status']}"
            lines.show(part_lines(found))
        elif part == FINDINGS:
            rows = by_severity(asking(found["items"]))
            self.query_one(f"#{FINDINGS}", Things).show(
                (f["finding_id"], f, _finding(f)) for f in rows
            )
        elif part == INCIDENTS:
            told = incidents_told(found["items"])
            self.query_one(f"#{FINDINGS}", Things).border_subtitle = escape(told)
        else:
            self.query_one(f"#{ACTIONS}", Things).show(
                (a["action_id"], a, _action(a)) for a in found["items"]
            )

    def action_answer(self, verb: str) -> None:
        """Ask for the reason, and then answer what the cursor is on."""
        chosen = self.query_one(f"#{ACTIONS}", Things).chosen
        if chosen is None:
            self._remark("no action waits for a person")
        else:
            self.run_worker(self._ask(verb, dict(chosen)), exclusive=True, group="question")

    async def _ask(self, verb: str, action: dict[str, Any]) -> None:
        reason = await self.push_screen_wait(Question(verb, action))
        if reason is None:
            return
        try:
            await self._source.answer(action, verb, reason)
        except CommandError as error:
            self.notify(str(error), severity="error", title=f"{verb} failed", markup=False)
        else:
            told = {"approve": "approved", "reject": "rejected"}[verb]
            self._remark(f"{action['action']} for {action['agent_id']} is {told}")

    def _remark(self, text: str) -> None:
        self.notify(text, markup=False)


def _finding(found: Any) -> tuple[Text, ...]:
    looks = found["severity"]
    cells = (looks, found["agent_id"], time_of(found["raised_at"]), found["summary"])
    return tuple(styled(cell, looks) for cell in cells)


def _action(found: Any) -> tuple[Text, ...]:
    cells = (found["action"], found["agent_id"], time_of(found["created_at"]), found["detail"])
    return tuple(styled(cell or "-", "") for cell in cells)
