"""What is told again to those who may not have heard: only what still holds."""

from __future__ import annotations

import msgspec

from streams.contracts.envelope import Event
from streams.contracts.events.registry import BY_DATA
from streams.contracts.events.silence import SilenceCreated, SilenceEnded, SilenceRefused
from streams.producers.silences import standing

NOW = 1000.0


def event(data: msgspec.Struct) -> Event:
    kind = BY_DATA[type(data)]
    return Event(
        id=f"{kind.name}-{data.silence_id}",
        source="/api",
        type=kind.name,
        subject="default/silences",
        time="2026-01-02T03:04:05Z",
        tenant="default",
        data=msgspec.to_builtins(data),
        dataschema=kind.dataschema,
    )


def created(name: str, ends_at: float = NOW + 60) -> Event:
    return event(SilenceCreated(name, [], 0.0, ends_at, "r", "ada"))


def test_only_what_holds_is_told_again() -> None:
    log = [
        created("over", NOW - 1),
        created("ended"),
        created("refused"),
        created("holds"),
        event(SilenceEnded("ended", "bob", "r")),
        event(SilenceRefused("refused", "tenant_limit", "full")),
    ]
    assert [each.id for each in standing(log, NOW)] == [
        "silence.created-holds",
        "silence.ended-ended",
    ]
