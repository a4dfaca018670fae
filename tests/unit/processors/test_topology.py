"""The table of the flow is whole: everything written is read, and it says what steps do."""

from __future__ import annotations

from pathlib import Path

import pytest

from processors.topology import OUTSIDE, diagram, steps, with_diagram, written_to
from streams.contracts.envelope import decode_event
from streams.contracts.topics import TOPICS, Kind
from tests.histories.decision.histories import HISTORIES

ROOT = Path(__file__).parents[3]
STEPS = steps()


def test_every_step_has_an_inbox_of_its_own() -> None:
    inboxes = [step.inbox.name for step in STEPS]
    assert len(set(inboxes)) == len(inboxes)
    assert all(step.inbox.kind is Kind.INBOX for step in STEPS)
    assert len({step.name for step in STEPS}) == len(STEPS)


def test_every_topic_is_written_and_read_by_somebody() -> None:
    read = {step.inbox.name for step in STEPS} | {t.name for o in OUTSIDE for t in o.reads}
    written = {t.name for step in STEPS for t in written_to(step)}
    written |= {t.name for outside in OUTSIDE for t in outside.writes}
    names = {topic.name for topic in TOPICS}
    assert read == names
    assert written == names


@pytest.mark.parametrize("name", sorted(HISTORIES))
def test_a_step_writes_only_what_the_table_says(name: str) -> None:
    loop = HISTORIES[name]()
    allowed = {step.name: {kind.name for kind in step.writes} for step in STEPS}
    for (topic, _), log in loop.logs.items():
        for record in log:
            event = decode_event(record.value) if record.header("hs-kind") == b"event" else None
            if event is not None and event.source.startswith("/steps/"):
                kind = "command" if topic == "actions.commands" else event.type
                assert kind in allowed[event.source.removeprefix("/steps/")]


def test_the_diagram_shows_every_step_and_topic() -> None:
    drawn = diagram()
    assert drawn.startswith("flowchart LR")
    for step in STEPS:
        assert f'  {step.inbox.name} --> {step.name}["{step.name}"]' in drawn
    assert all(f'"{topic.name}"' in drawn for topic in TOPICS)


def test_the_document_shows_the_diagram_of_the_table() -> None:
    document = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert document == with_diagram(document, diagram()), "run python -m processors.topology"


def test_a_document_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="add both"):
        with_diagram("# Nothing here", "flowchart LR")
