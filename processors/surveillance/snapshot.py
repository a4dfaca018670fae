"""The bytes of a state: columns by themselves, the rest MessagePack. Equal states, equal bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from config.policy import policy_from
from processors.conversations.memory import Remembered
from processors.parts import Part, Raw, packed
from processors.security.state import Dumped
from processors.step import Context
from processors.surveillance import thresholds
from processors.surveillance.state import OpenFinding, Profile, SurveillanceState, new_state
from streams.contracts.errors import UnknownVersion

FORMAT: Final = 5


_REST: Final = "rest"
_PROFILES: Final = "profiles"


class _Table(msgspec.Struct, array_like=True):
    size: int
    free: list[int]


class _Rest(msgspec.Struct, array_like=True):
    """All but columns and profiles."""

    format: int
    policy: dict[str, Any]
    agents: _Table
    series: _Table
    metrics: list[str]
    findings: list[tuple[int, list[tuple[str, OpenFinding]]]]
    blocked: dict[str, str]
    seen: dict[str, tuple[int, int]]
    times: tuple[float, float, float, float]
    security: Dumped
    conversations: Remembered


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Rest)
_profiles = msgspec.msgpack.Decoder(list[Profile | None])


def dump(state: SurveillanceState) -> bytes:
    """Return `state` as bytes."""
    return packed(parts(state))


def parts(state: SurveillanceState) -> dict[str, Part]:
    """Return all that `state` holds, until it moves; see `processors.parts`."""
    return {
        _REST: _rest(state),
        _PROFILES: _encoder.encode(state.profiles),
        **{f"agents.{name}": column for name, column in state.agents.parts().items()},
        **{f"series.{name}": column for name, column in state.series.parts().items()},
        **{f"performance.{name}": column for name, column in state.performance.parts().items()},
    }


def _rest(state: SurveillanceState) -> bytes:
    a, c = state.agents, state.series
    findings = [(slot, sorted(state.findings[slot].items())) for slot in sorted(state.findings)]
    return _encoder.encode(
        _Rest(
            format=FORMAT,
            policy=msgspec.to_builtins(state.policy, order="deterministic"),
            agents=_Table(a.size, a.free),
            series=_Table(c.size, c.free),
            metrics=state.metric_names,
            findings=findings,
            blocked=dict(sorted(state.blocked.items())),
            seen=dict(sorted(state.seen.items())),
            times=(state.time, state.last_tick, state.silence_from, state.window_start),
            security=state.security.dump(),
            conversations=state.conversations.dump(),
        )
    )


def load(context: Context, parts: Mapping[str, Raw]) -> SurveillanceState:
    """Return the state that `parts` hold.

    Raises
    ------
    UnknownVersion
        Where another version of the code wrote it: relearn from the log.
    """
    found = _decoder.decode(parts[_REST])
    if found.format != FORMAT:
        raise UnknownVersion("snapshot_format", f"format is {found.format}, not {FORMAT}; refold")
    state = new_state(context, policy_from(found.policy))
    state.agents.load(found.agents.size, found.agents.free, _columns(parts, "agents."))
    state.series.load(found.series.size, found.series.free, _columns(parts, "series."))
    state.profiles = _profiles.decode(parts[_PROFILES])
    state.slots = {p.key: slot for slot, p in enumerate(state.profiles) if p is not None}
    state.metric_names = found.metrics
    state.metrics = {name: index for index, name in enumerate(found.metrics)}
    state.findings = {slot: dict(opened) for slot, opened in found.findings}
    state.blocked, state.seen = found.blocked, found.seen
    state.time, state.last_tick, state.silence_from, state.window_start = found.times
    state.security.load(found.security)
    state.conversations.load(found.conversations)
    state.performance.load(_columns(parts, "performance."))
    state.pending_from = thresholds.next_due(state.rules, state.series)
    _share_shapes(state)
    return state


def _columns(parts: Mapping[str, Raw], prefix: str) -> dict[str, Raw]:
    return {
        name.removeprefix(prefix): part for name, part in parts.items() if name.startswith(prefix)
    }


def _share_shapes(state: SurveillanceState) -> None:
    for profile in state.profiles:
        if profile is not None:
            profile.shape = state.shapes.setdefault(profile.shape, profile.shape)
