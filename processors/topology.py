"""The whole flow as one table: which step reads what, and writes what.

The diagram in ARCHITECTURE.md is generated from it (``python -m processors.topology``), the
runtime starts agents from it, the replay verifies by it, and a test walks it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from processors.decision.step import decision
from processors.governor.step import governor
from processors.incidents.step import incidents
from processors.step import Step
from processors.surveillance.step import Surveillance
from streams.contracts import topics
from streams.contracts.topics import Kind, Topic

_BEGIN: Final = "<!-- flow -->"
_END: Final = "<!-- /flow -->"


class Outside(NamedTuple):
    """What stands outside the steps: which topics it reads, and which it writes to."""

    name: str
    reads: tuple[Topic, ...] = ()
    writes: tuple[Topic, ...] = ()


OUTSIDE: Final = (
    Outside("sensors, probes, clients", writes=(topics.TELEMETRY,)),
    Outside(
        "API",
        reads=(topics.TOKENS, topics.REQUESTS),
        writes=(
            topics.TELEMETRY,
            topics.DECISIONS,
            topics.GOVERNANCE,
            topics.CORRELATION,
            topics.FLEET,
            topics.FINDINGS,
            topics.INCIDENTS,
            topics.ACTIONS,
            topics.POLICIES,
            topics.SILENCES,
            topics.TOKENS,
            topics.AUDIT,
            topics.REQUESTS,
        ),
    ),
    Outside(
        "ticker",
        reads=(topics.TIMERS,),
        writes=(topics.TELEMETRY, topics.DECISIONS, topics.GOVERNANCE, topics.CORRELATION),
    ),
    Outside(
        "executors",
        reads=(topics.COMMANDS,),
        writes=(topics.GOVERNANCE, topics.ACTIONS, topics.TELEMETRY),
    ),
    Outside("runtime", writes=(topics.TIMERS, topics.DEAD_LETTERS)),
    Outside("projector", reads=tuple(t for t in topics.TOPICS if t.kind is Kind.FACTS)),
)


def steps() -> tuple[Step[Any], ...]:
    """Return every step, in the order in which news flows."""
    return (Surveillance(), decision(), governor(), incidents())


def diagram(table: Sequence[Step[Any]] | None = None) -> str:
    """Return the flow as a Mermaid flowchart: steps as boxes, topics as cylinders."""
    lines = ["flowchart LR"]
    lines += [f'  {_id(topic.name)}[("{topic.name}")]' for topic in topics.TOPICS]
    lines += sorted(set(_edges(steps() if table is None else table)))
    return "\n".join(lines)


def written_to(step: Step[Any]) -> tuple[Topic, ...]:
    """Return the topics that a step writes to, in the order of the table of topics."""
    names = {topic.name for kind in step.writes for topic in kind.to}
    return tuple(topic for topic in topics.TOPICS if topic.name in names)


def with_diagram(document: str, flowchart: str) -> str:
    """Return `document` with `flowchart` between its markers.

    Raises
    ------
    ValueError
        Where a marker is missing.
    """
    before, begin, rest = document.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"the document has no {_BEGIN} … {_END}; add both, each on its own line")
    return f"{before}{_BEGIN}\n```mermaid\n{flowchart}\n```\n{_END}{after}"


def _edges(table: Sequence[Step[Any]]) -> Iterator[str]:
    for step in table:
        yield from _around(step.name, (step.inbox,), written_to(step))
    for outside in OUTSIDE:
        yield from _around(outside.name, outside.reads, outside.writes)


def _around(name: str, reads: Sequence[Topic], writes: Sequence[Topic]) -> Iterator[str]:
    box = f'{_id(name)}["{name}"]'
    yield from (f"  {_id(topic.name)} --> {box}" for topic in reads)
    yield from (f"  {box} --> {_id(topic.name)}" for topic in writes)


def _id(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name)


def _main() -> None:
    path = Path(__file__).resolve().parent.parent / "ARCHITECTURE.md"
    path.write_text(with_diagram(path.read_text(encoding="utf-8"), diagram()), encoding="utf-8")


if __name__ == "__main__":
    _main()
