"""How long a topic is kept, where an installation keeps its inboxes for longer."""

from __future__ import annotations

from streams.contracts.topics import CHECKPOINT_PAGES, CHECKPOINTS, DAY_MS, Kind, every_topic


def days(inbox_days: float) -> dict[str, float]:
    return {
        topic.name: int(topic.config().get("retention.ms", -1)) / DAY_MS
        for topic in every_topic(inbox_days)
    }


def test_checkpoints_outlive_the_inboxes_that_they_are_of() -> None:
    for kept in (1.0, 7.0, 30.0):
        found = days(kept)
        for inbox in ("telemetry", "decisions", "governance", "correlation"):
            # A closed file is deleted when its newest record is too old: up to a day later.
            assert found[inbox] + 1 < found[CHECKPOINTS.name] < found[CHECKPOINT_PAGES.name]
            assert found[inbox] == kept


def test_nothing_else_is_kept_for_longer() -> None:
    shipped, longer = days(7.0), days(30.0)
    differing = {name for name, kept in shipped.items() if longer[name] != kept}
    assert differing == {
        "telemetry", "decisions", "governance", "correlation", "checkpoints", "checkpoints.pages",
    }  # fmt: skip


def test_what_expires_lies_in_files_of_a_day() -> None:
    for topic in every_topic():
        if topic.kind in (Kind.INBOX, Kind.CHECKPOINTS):
            assert topic.config()["segment.ms"] == str(DAY_MS)
