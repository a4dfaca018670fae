"""Old versions, read as the present one.

Each line leads from version 1 upwards; an upcaster takes the data of one version and returns
that of the next. A version once written stays readable for ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from streams.contracts.envelope import SCHEMAS, Event
from streams.contracts.errors import UnknownVersion
from streams.contracts.events.registry import event_type

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")
Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

_FIXED_SCALES: Final = {"half_life", "warmup", "sigma", "persistence", "relative_floor"}


def _detector_calibrates_itself(data: dict[str, Any]) -> dict[str, Any]:
    """Drop the scales that policies fixed by hand before the detector found its own."""
    policy = data.get("policy")
    surveillance = policy.get("surveillance") if isinstance(policy, dict) else None
    detector = surveillance.get("detector") if isinstance(surveillance, dict) else None
    if not (
        isinstance(policy, dict) and isinstance(surveillance, dict) and isinstance(detector, dict)
    ):
        return data
    kept = {name: value for name, value in detector.items() if name not in _FIXED_SCALES}
    return {**data, "policy": {**policy, "surveillance": {**surveillance, "detector": kept}}}


def _climbs_say_when(data: dict[str, Any]) -> dict[str, Any]:
    """Know of no limit that is reached: nothing told of climbs before."""
    return {**data, "reaches_limit_at": None}


def _findings_say_how_rare_and_by_which_rule(data: dict[str, Any]) -> dict[str, Any]:
    """Know of neither: both stood in the summary alone before."""
    return {**data, "one_in": None, "rule": ""}


def _windows_say_what_was_expected(data: dict[str, Any]) -> dict[str, Any]:
    """Know of no range that was expected: nothing told of it before."""
    agents = data.get("agents")
    unknown = [None] * len(agents) if isinstance(agents, list) else []
    return {**data, "expected_low": unknown, "expected_high": unknown}


def _cut_overs_say_with_which_state(data: dict[str, Any]) -> dict[str, Any]:
    """Say that it was learnt from the log: no state was carried over before."""
    return {**data, "carried": False, "since": 0, "reason": ""}


def _answers_say_what_was_seen(data: dict[str, Any]) -> dict[str, Any]:
    """Know of no dry run: there was none to look at before."""
    return {**data, "seen": "", "exactly": False}


def _policies_say_what_was_answered(data: dict[str, Any]) -> dict[str, Any]:
    """Know of nothing that was answered: what a release shipped was told nobody before."""
    return {**data, "shipped": None}


UPCASTERS: Final[dict[str, tuple[Upcaster, ...]]] = {
    "action.approval_given": (_answers_say_what_was_seen,),
    "finding.changed": (_climbs_say_when,),
    "finding.raised": (_climbs_say_when, _findings_say_how_rare_and_by_which_rule),
    "metrics.windows_closed": (_windows_say_what_was_expected,),
    "policy.changed": (_detector_calibrates_itself, _policies_say_what_was_answered),
    "step.cut_over": (_cut_overs_say_with_which_state,),
}
"""Type name to the line of its upcasters; a type without a line is at version 1."""


def upcast(event: Event, lines: dict[str, tuple[Upcaster, ...]] = UPCASTERS) -> Event:
    """Return `event` with its data at the current version of its type.

    Raises
    ------
    UnknownVersion
        Where it was written by a later version of the code, or names no version.
    """
    current = event_type(event.type).version
    version = _version_of(event)
    if version == current:
        return event
    if version > current:
        detail = f"{event.type} has version {version}; this code reads up to {current}: upgrade it"
        raise UnknownVersion("version_from_the_future", detail)
    data = event.data
    for step in lines[event.type][version - 1 : current - 1]:
        data = step(data)
    return msgspec.structs.replace(event, data=data, dataschema=event_type(event.type).dataschema)


def _version_of(event: Event) -> int:
    name, _, version = event.dataschema.rpartition("/")
    if name != SCHEMAS + event.type or not _NUMBER.fullmatch(version):
        detail = f"dataschema is {event.dataschema!r}; expected {SCHEMAS}{event.type}/N"
        raise UnknownVersion("unknown_dataschema", detail)
    return int(version)
