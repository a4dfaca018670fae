"""Every field of the policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, get_args

import msgspec

from api.guide.reference.docstrings import about, parameters
from api.guide.reference.tables import code, shown, table, type_name, unit
from config.policy import Policy, default_policy

_OPEN: Final = (
    "actions", "tenants", "thresholds", "threats", "tokens", "response_of_types",
)  # fmt: skip
"""Keys below which the shipped policy has entries of its own, each like the others."""


def policy_part() -> Iterator[str]:
    """Give the lines about the policy."""
    told = (
        "Print it with `homeostat policy`, change it with `homeostat policy FILE --reason WHY`. "
        "A key that is left out takes the default of its type; what is shipped says more, and is "
        "what an installation starts with."
    )
    yield from ("## Policy", "", told, "")
    yield from _struct("The policy", Policy, msgspec.to_builtins(default_policy()))


def _struct(title: str, kind: type[msgspec.Struct], shipped: Any) -> Iterator[str]:
    yield from (f"### {title}", "", about(kind), "")
    told, rows, below = parameters(kind), [], []
    for field in msgspec.structs.fields(kind):
        inner = _inner(field.type)
        value = (shipped or {}).get(field.name)
        rows.append(
            (
                code(field.name),
                type_name(field.type),
                _default(field),
                "" if inner else _shipped(value),
                unit(field.name, field.type),
                told[field.name],
            )
        )
        if inner:
            deeper = None if field.name in _OPEN else value
            below.append((f"Policy: {field.name}", inner, deeper))
    yield from table(("key", "type", "default", "shipped", "unit", "meaning"), rows)
    for name, each, deeper in {kind: (n, kind, d) for n, kind, d in below}.values():
        yield from _struct(name, each, deeper)


def _inner(annotation: Any) -> type[msgspec.Struct] | None:
    """Return the struct that a field holds, whether one, a list or a map of them."""
    for each in (annotation, *get_args(annotation)):
        if isinstance(each, type) and issubclass(each, msgspec.Struct):
            return each
    return None


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT:
        return "required"
    if field.default is msgspec.NODEFAULT:
        return shown(field.default_factory())
    return shown(None if isinstance(field.default, msgspec.Struct) else field.default)


def _shipped(value: object) -> str:
    return "" if value is None else shown(value)
