"""Tells which field of a record has the wrong type, so that its sender can mend it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from streams.contracts.errors import ContractError, InvalidField, MalformedRecord
from streams.contracts.message import Withheld, without_message

_REASON: Final = "invalid_field"
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


def wrong_type(value: bytes, kind: type[msgspec.Struct]) -> ContractError:
    """Return why `value`, well-formed JSON, is no `kind`: field, value and remedy.

    Slow, and only for what was refused already.
    """
    try:
        members = _members.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return MalformedRecord(_REASON, f"the record is {_shown(value)}; send one JSON object")
    for field in msgspec.structs.fields(kind):
        raw = members.get(field.encode_name)
        if raw is None:
            if field.required:
                remedy = f"it is required: give {_expected(field.type)}"
                return InvalidField(_REASON, field.encode_name, None, remedy)
        elif not _reads(raw, field.type):
            return _nested(field.encode_name, raw, field.type) or _within(
                field.encode_name, raw, field.type
            )
    return MalformedRecord(_REASON, f"the record is {_shown(value)}; send one of {kind.__name__}")


def _nested(name: str, raw: msgspec.Raw, kind: Any) -> ContractError | None:
    """Name the member of a message that is wrong; what was said is never quoted."""
    one = next((k for k in (kind, *getattr(kind, "__args__", ())) if _is_struct(k)), None)
    if one is None:
        return None
    members = _members.decode(raw) if _is_object(raw) else {}
    for field in msgspec.structs.fields(one) if members else ():
        inner, path = members.get(field.encode_name), f"{name}.{field.encode_name}"
        if inner is None and field.required:
            remedy = f"it is required: give {_expected(field.type)}"
            return InvalidField(_REASON, path, None, remedy)
        if inner is not None and not _reads(inner, field.type):
            remedy = f"give {_expected(field.type)}"
            return InvalidField(_REASON, path, Withheld(bytes(inner)), remedy)
    return InvalidField(_REASON, name, Withheld(bytes(raw)), f"give {_expected(kind)}")


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _within(name: str, raw: msgspec.Raw, kind: Any) -> InvalidField:
    """Name the member of an object that is wrong, where one is."""
    of_values = getattr(kind, "__args__", ())[1:] if _is_object(raw) else ()
    if of_values:
        for key, inner in _members.decode(raw).items():
            if not _reads(inner, of_values[0]):
                remedy = f"give {_expected(of_values[0])}"
                return InvalidField(_REASON, f"{name}.{key[:64]}", _Spelt(inner), remedy)
    return InvalidField(_REASON, name, _Spelt(raw), f"give {_expected(kind)}")


def _is_object(raw: msgspec.Raw) -> bool:
    return bytes(raw).startswith(b"{")


def _reads(raw: msgspec.Raw, kind: Any) -> bool:
    try:
        msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _expected(kind: Any) -> str:
    texts = {str: "a text", float: "a finite number", int: "an integer of 64 bits"}
    known = texts.get(kind)
    if known is not None:
        return known
    if _is_struct(kind):
        return f"an object with {', '.join(f.name for f in msgspec.structs.fields(kind))}"
    args: tuple[Any, ...] = getattr(kind, "__args__", ())
    if getattr(kind, "__origin__", None) is dict:
        return f"an object whose values are each {_expected(args[1])}"
    return " or ".join("null" if one is type(None) else _expected(one) for one in args)


def _shown(value: bytes) -> str:
    quoted, _ = without_message(value)
    text = quoted[:60].decode("utf-8", "replace")
    return text if len(value) <= 60 and quoted == value else f"{text}..."


class _Spelt:
    """JSON as it was written, for a message."""

    def __init__(self, raw: msgspec.Raw) -> None:
        self._text = _shown(bytes(raw))

    def __repr__(self) -> str:
        return self._text
