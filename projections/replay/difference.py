"""What differs between two records, in a line for a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

_SHOWN: Final = 4


def difference(recorded: bytes, folded: bytes) -> str:
    """Return the first fields in which two JSON documents differ: recorded against folded.

    Examples
    --------
    >>> difference(b'{"a": {"b": 1, "c": 2}}', b'{"a": {"b": 3, "c": 2}}')
    'a.b: 1 recorded, 3 folded'
    """
    try:
        left, right = msgspec.json.decode(recorded), msgspec.json.decode(folded)
    except msgspec.DecodeError:
        return f"{recorded[:60]!r} recorded, {folded[:60]!r} folded"
    found = list(_walk("", left, right))
    if not found:
        return "the same values, spelt otherwise"
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return "; ".join(found[:_SHOWN]) + more


def _walk(path: str, left: Any, right: Any) -> Iterator[str]:
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted(left.keys() | right.keys()):
            inner = f"{path}.{name}" if path else str(name)
            yield from _walk(inner, left.get(name), right.get(name))
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for number, (one, two) in enumerate(zip(left, right, strict=True)):
            yield from _walk(f"{path}[{number}]", one, two)
    elif left != right or type(left) is not type(right):
        yield f"{path or 'value'}: {_short(left)} recorded, {_short(right)} folded"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
