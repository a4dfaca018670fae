"""Questions what a command would do, answered on a real service without touching it."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

import msgspec
import pytest

from config.configuration import Configuration
from processors.executors import previews
from processors.executors.actions.registry import Registry
from processors.executors.previews import MOST, Previewer
from streams.contracts.envelope import Event, decode_event
from streams.contracts.events.action import ActionPreviewed, Command, Preview, digest_of
from streams.contracts.record import Outgoing
from streams.contracts.topics import ACTIONS
from tests.unit.processors.executors.test_dispatch import SIGNER, Hands, command


def question(host: str = "here", **changes: Any) -> Event:
    plain = msgspec.convert(command(**changes).data, Command)
    asked = Preview(msgspec.structs.replace(plain, host=host), "hash of the command")
    event = command()
    return msgspec.structs.replace(
        event, id=str(uuid.uuid4()), type="action.preview", data=msgspec.to_builtins(asked)
    )


class Asked(Hands):
    """Hands with a previewer beside them."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        configuration = Configuration.model_validate(
            {"host": "here", "services": [{"name": "web", "command": ["sleep", "600"]}]}
        )
        self.registry = Registry(configuration, {"web": self.web}, home)
        self.told: list[Outgoing] = []
        self.previewer = Previewer("here", self.registry, self._tell, SIGNER, self.switch)

    async def _tell(self, records: list[Outgoing]) -> None:
        self.told += records

    async def ask(self, asked: Event) -> ActionPreviewed:
        await self.previewer.answer(asked)
        return msgspec.convert(decode_event(self.told[-1].value).data, ActionPreviewed)


async def test_what_would_be_done_is_told_and_nothing_is_done(tmp_path: Path) -> None:
    hands, asked = Asked(tmp_path), question()
    told = await hands.ask(asked)
    assert (told.preview, told.refused) == ("start sleep 600", "")
    assert (told.host, told.preview_hash) == ("here", "hash of the command")
    assert told.digest == digest_of(told.preview)
    (record,) = hands.told
    assert record.topic == ACTIONS.name
    event = decode_event(record.value)
    assert (event.type, event.causationid) == ("action.previewed", asked.id)
    assert hands.web.running is None
    assert hands.claims.unfinished() == []
    await hands.ask(asked)
    assert decode_event(hands.told[-1].value).id == event.id, "asked twice, known as one"
    hands.claims.close()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"target": "default/other"}, "unknown_target"),
        ({"action": "host.format_disk"}, "unknown_action"),
        ({"action": "service.stop"}, "not_needed"),
        ({"expires_at": time.time() - 1}, "expired"),
    ],
)
async def test_what_would_be_refused_says_so(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    hands = Asked(tmp_path)
    told = await hands.ask(question(**changes))
    assert (told.refused, told.preview, told.digest) == (reason, "", "")
    assert told.detail
    hands.claims.close()


async def test_with_the_kill_switch_the_steps_are_shown_and_that_nobody_would_take_them(
    tmp_path: Path,
) -> None:
    hands = Asked(tmp_path)
    hands.switch.touch()
    told = await hands.ask(question())
    assert (told.preview, told.refused) == ("start sleep 600", "kill_switch")
    hands.claims.close()


async def test_whatever_goes_wrong_is_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = Asked(tmp_path)
    # What is logged is kept for the test's report, which takes no text that is none.
    monkeypatch.setattr(previews.log, "disabled", True)

    class Odd:
        async def preview(self) -> str:
            raise OSError(5, "Input/output error: \udcff")

    class Endless:
        async def preview(self) -> str:
            return "\n".join(f"remove /cache/{number:06}\udcff" for number in range(10_000))

    monkeypatch.setattr(hands.registry, "make", lambda command: Odd())
    told = await hands.ask(question())
    assert (told.refused, told.preview) == ("failed", "")
    assert "Input/output error" in told.detail
    monkeypatch.setattr(hands.registry, "make", lambda command: Endless())
    told = await hands.ask(question())
    *steps, left = told.preview.splitlines()
    assert len(told.preview) <= MOST + 100
    assert all(step.endswith("\\udcff") for step in steps)
    assert left.endswith("more characters")
    assert told.digest != digest_of(told.preview), "the digest is of all of it"
    hands.claims.close()


async def test_only_this_host_answers(tmp_path: Path) -> None:
    hands = Asked(tmp_path)
    assert hands.previewer.concerns(question())
    assert not hands.previewer.concerns(question(host="elsewhere"))
    hands.claims.close()


async def test_what_was_approved_exactly_is_not_done_otherwise(tmp_path: Path) -> None:
    hands = Asked(tmp_path)
    shown = await hands.ask(question())
    hands.web.start()
    bound = {"exactly": shown.digest, "requested_by": "ann"}
    late = command()
    refused = await hands.do(msgspec.structs.replace(late, data=late.data | bound))
    assert refused["evidence"]["reason"] == "preview_changed"
    await hands.web.stop()
    fits = command()
    done = await hands.do(msgspec.structs.replace(fits, data=fits.data | bound))
    assert done["outcome"] == "succeeded"
    await hands.web.stop()
    hands.claims.close()
