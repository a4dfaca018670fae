"""A state of an earlier version of a step, made into one of the present version.

A step that changes its version says how the states of the versions before are carried over: one
pure function a version, from its parts (`processors.parts`) to those of the next. A state in one
piece is one part, named by the empty string. Functions are never changed once a version has been
in use: they speak of what was, and name blank values themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeVar, runtime_checkable

import msgspec

from processors.parts import Parted, Raw, Stored, in_one_piece, in_parts, loaded
from processors.step import Context, Step
from streams.contracts.errors import UnknownVersion

S = TypeVar("S")
Bytes = dict[str, Raw]
"""The parts of a state, each as its bytes."""
Migration = Callable[[Bytes], Bytes]
"""Takes the parts of one version, gives those of the next; may change what it was given."""
WHOLE: Final = ""
"""The name of the one part of a state that is in one piece."""


@runtime_checkable
class Carrying(Protocol):
    """A `Step` that takes over states of earlier versions.

    Attributes
    ----------
    migrations : mapping of int to Migration
        By the version that it leads away from, to the next one.
    """

    migrations: Mapping[int, Migration]


def is_carried(step: Step[Any], version: int) -> bool:
    """Say whether a state of `version` leads to one of the step's own."""
    known = step.migrations if isinstance(step, Carrying) else {}
    return version <= step.version and all(each in known for each in range(version, step.version))


def carried(step: Step[S], context: Context, version: int, data: Stored) -> S:
    """Return the state that a snapshot of an earlier version holds, as the step has it now.

    Parameters
    ----------
    version : int
        Of the step that dumped `data`.

    Raises
    ------
    UnknownVersion
        Where there is no way from that version. What is damaged raises what its decoder does.
    """
    if not isinstance(step, Carrying) or not is_carried(step, version):
        detail = f"no migration leads from version {version} of {step.name} to {step.version}"
        raise UnknownVersion("no_migration", detail)
    way = [step.migrations[each] for each in range(version, step.version)]
    if all(each is unchanged for each in way):
        return loaded(step, context, data)
    parted = isinstance(step, Parted)
    parts: Bytes = dict(in_parts(data)) if parted else {WHOLE: in_one_piece(data)}
    del data  # a large state is held once
    for migrate in way:
        parts = migrate(parts)
    return loaded(step, context, parts if parted else bytes(parts[WHOLE]))


def unchanged(parts: Bytes) -> Bytes:
    """Carry over as it is: only what is decided changed, not what is known."""
    return parts


def of_document(change: Callable[[dict[str, Any]], None]) -> Migration:
    """Return the migration of a state that is one JSON object, changed in place by `change`."""

    def migrate(parts: Bytes) -> Bytes:
        document = msgspec.json.decode(parts[WHOLE], type=dict[str, Any])
        change(document)
        return {WHOLE: msgspec.json.encode(document, order="deterministic")}

    return migrate
