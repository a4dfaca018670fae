"""Canonical JSON of structs with large dictionaries, written and read a piece at a time.

A call into the encoder lets no other thread run before it is done, not even the one that keeps up a
worker's membership: for the state of a million agents that is a second, on a busy machine three.
What is written is the same, byte for byte.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar, get_args, get_origin

import msgspec

AT_ONCE: Final = 8_192
"""Entries of a dictionary that one call takes, or some more."""
LONG: Final = 1 << 20
"""Bytes that are read by one call."""
_SAMPLES: Final = 8
"""Keys looked at for each piece, to find out between which of them it lies."""

S = TypeVar("S", bound=msgspec.Struct)


def encoded(value: msgspec.Struct) -> bytes:
    """Return what ``msgspec.json.encode(value, order="deterministic")`` returns.

    Examples
    --------
    >>> class Fleet(msgspec.Struct):
    ...     hosts: dict[str, int]
    >>> encoded(Fleet({"web-2": 1, "web-1": 2}))
    b'{"hosts":{"web-1":2,"web-2":1}}'
    """
    fields = [(field, getattr(value, field.name)) for field in _fields(type(value))]
    if not any(_is_large(one) for _, one in fields):
        return _canonical(value)
    spelt = (_canonical(field.encode_name) + b":" + _spelt(one) for field, one in fields)
    return b"{" + b",".join(spelt) + b"}"


def decoded(data: bytes | msgspec.Raw, kind: type[S]) -> S:
    """Return the struct that `data` spells, as ``msgspec.json.decode`` does.

    Raises
    ------
    msgspec.DecodeError
        Where it spells none.
    """
    fields = _fields(kind)
    if len(memoryview(data)) < LONG or not fields:
        return msgspec.json.decode(data, type=kind)
    given = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    return kind(
        **{f.name: _read(given[f.encode_name], f.type) for f in fields if f.encode_name in given}
    )


@lru_cache
def _fields(kind: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """Return the fields of structs that are written as objects, with all of them; else nothing."""
    said = kind.__struct_config__
    if said.array_like or said.omit_defaults or said.tag is not None:
        return ()
    return msgspec.structs.fields(kind)


def _canonical(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def _is_large(value: Any) -> bool:
    return type(value) is dict and len(value) > AT_ONCE


def _spelt(value: Any) -> bytes:
    if not _is_large(value):
        return _canonical(value)
    pieces = (
        _canonical({key: value[key] for key in keys})[1:-1] for keys in _in_order(list(value))
    )
    return b"{" + b",".join(pieces) + b"}"


def _in_order(keys: Sequence[str]) -> Iterator[list[str]]:
    """Give all keys in order; to sort them at once would take as long as to write them."""
    count = len(keys) // AT_ONCE
    samples = sorted(keys[:: max(len(keys) // (count * _SAMPLES), 1)])
    edges = samples[_SAMPLES::_SAMPLES]
    pieces: list[list[str]] = [[] for _ in range(len(edges) + 1)]
    for key in keys:
        pieces[bisect_right(edges, key)].append(key)
    return (sorted(piece) for piece in pieces if piece)


def _read(data: msgspec.Raw, kind: Any) -> Any:
    if get_origin(kind) is not dict or get_args(kind)[0] is not str or len(memoryview(data)) < LONG:
        return msgspec.json.decode(data, type=kind)
    entries = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    values = msgspec.json.Decoder(list[get_args(kind)[1]]).decode  # type: ignore[misc]  # known only here
    keys, found = list(entries), dict[str, Any]()
    for first in range(0, len(keys), AT_ONCE):
        some = keys[first : first + AT_ONCE]
        spelt = b"[" + b",".join([entries[key] for key in some]) + b"]"
        found.update(zip(some, values(spelt), strict=True))
    return found
