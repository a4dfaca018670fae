"""What an earlier version left is taken over by the present one, and nothing of it is forgotten."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from processors.migrations import carried, is_carried
from processors.parts import Parted, in_parts
from processors.step import Context, Step
from processors.surveillance.migrations import REST
from processors.surveillance.step import Surveillance
from processors.topology import steps
from streams.contracts.errors import UnknownVersion
from tests.end_to_end.counting import SIGNER
from tests.histories.upgrades.upgrades import FOLDER, Left, known, played, recorded

STEPS = {step.name: step for step in steps()}
FILES = sorted(FOLDER.glob("*.zst"))
CASES = [
    pytest.param(STEPS[step], version, left, id=f"{step}-{version}-{left.name}-{left.partition}")
    for step, version, kept in map(recorded, FILES)
    for left in kept
]


def taken(step: Step[Any], version: int, left: Left) -> Any:
    context = Context(left.topic, left.partition, left.partitions, SIGNER)
    return carried(step, context, version, left.data)


def told(step: Step[Any], data: bytes) -> dict[str, Any]:
    """Return the parts of a state, but for the policy, to which a release may add settings."""
    if not isinstance(step, Parted):
        return {**msgspec.json.decode(data), "policy": None}
    parts: dict[str, Any] = dict(in_parts(data))
    rest = msgspec.msgpack.decode(parts.pop(REST))
    return {**parts, REST: [*rest[:1], *rest[2:]]}


def plainly(told: dict[str, Any]) -> Any:
    """Return what `told` is once it was written down."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(told))


def shared(now: dict[str, Any], then: dict[str, Any]) -> dict[str, Any]:
    """Return `now` with what `then` knew and nobody needs any more, without what is new since."""
    for key, agent in now.get("agents", {}).items():
        before = then["agents"][key]["evidence"]
        agent["evidence"] = before | {n: v for n, v in agent["evidence"].items() if n in before}
    return now


@pytest.mark.parametrize(("step", "version", "left"), CASES)
def test_what_was_known_is_known(step: Step[Any], version: int, left: Left) -> None:
    state = taken(step, version, left)
    assert shared(plainly(known(state)), left.known) == left.known
    if version == step.version:
        assert told(step, step.dump(state)) == told(step, left.data)


@pytest.mark.parametrize(("step", "version", "left"), CASES)
def test_it_goes_on_from_there(step: Step[Any], version: int, left: Left) -> None:
    records = next(
        records
        for name, each, context, records in played()
        if (each.name, name, context.partition) == (step.name, left.name, left.partition)
    )
    state = taken(step, version, left)
    step.apply(state, records[left.position :])
    again = step.load(
        Context(left.topic, left.partition, left.partitions, SIGNER), step.dump(state)
    )
    assert step.dump(again) == step.dump(state)


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS.keys())
def test_every_version_is_kept_and_leads_to_the_next(step: Step[Any]) -> None:
    kept = {version for name, version, _ in map(recorded, FILES) if name == step.name}
    record = "run python -m tests.histories.upgrades.upgrades to keep what it leaves"
    assert step.version in kept, record
    for version in kept:
        remedy = f"say in its migrations how version {version} of {step.name} is carried over"
        assert is_carried(step, version), remedy


def test_what_surveillance_left_holds_what_must_not_be_forgotten() -> None:
    for path in FILES:
        step, _, kept = recorded(path)
        if step == "surveillance":
            agents = [agent for left in kept for agent in left.known["agents"].values()]
            assert {"quarantined", "offline", "maintenance"} <= {each["status"] for each in agents}
            assert len({name for each in agents for name in each["findings"]}) >= 5
            assert sum(value != 0.0 for each in agents for value in each["usual"].values()) >= 5


def test_where_no_migration_leads_from_is_said() -> None:
    with pytest.raises(UnknownVersion, match="no migration leads from version 3 of surveillance"):
        carried(Surveillance(), Context("telemetry", 0, 1, SIGNER), 3, b"")
