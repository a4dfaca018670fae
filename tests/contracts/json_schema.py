"""As much of JSON Schema draft 07 as the log's schemas use; a keyword beyond it is an error."""

from __future__ import annotations

import re
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "boolean": (bool,),
    "integer": (int,), "number": (int, float), "null": (type(None),),
}  # fmt: skip
_SILENT = {"title", "description", "default", "contentEncoding"}


def faults(document: dict[str, Any], schema: Any, value: Any, at: str = "$") -> list[str]:
    """Return what is wrong with `value`, each with its place; `document` resolves references."""
    if isinstance(schema, bool):
        return [] if schema else [f"{at}: nothing may stand here"]
    found = []
    for keyword, wanted in schema.items():
        if keyword not in _SILENT:
            found += _RULES[keyword](document, wanted, value, at, schema)
    return found


def resolved(document: dict[str, Any], reference: str) -> Any:
    """Return what a reference within `document` points to."""
    there: Any = document
    assert reference.startswith("#/"), reference
    for part in reference[2:].split("/"):
        there = there[part.replace("~1", "/").replace("~0", "~")]
    return there


def _type(_document, wanted, value, at, _schema) -> list[str]:
    wanted = [wanted] if isinstance(wanted, str) else wanted
    kinds = tuple(kind for name in wanted for kind in _TYPES[name])
    flag = isinstance(value, bool) and "boolean" not in wanted
    return [] if isinstance(value, kinds) and not flag else [f"{at}: {value!r} is no {wanted}"]


def _properties(document, wanted, value, at, _schema) -> list[str]:
    if not isinstance(value, dict):
        return []
    named = ((name, schema) for name, schema in wanted.items() if name in value)
    return [f for name, s in named for f in faults(document, s, value[name], f"{at}.{name}")]


def _additional(document, wanted, value, at, schema) -> list[str]:
    if not isinstance(value, dict):
        return []
    others = value.keys() - schema.get("properties", {}).keys()
    return [f for name in others for f in faults(document, wanted, value[name], f"{at}.{name}")]


def _items(document, wanted, value, at, schema) -> list[str]:
    if not isinstance(value, list):
        return []
    each = wanted if isinstance(wanted, list) else [wanted] * len(value)
    each = each + [schema.get("additionalItems", True)] * (len(value) - len(each))
    pairs = enumerate(zip(each, value, strict=False))
    return [f for i, (s, v) in pairs for f in faults(document, s, v, f"{at}[{i}]")]


def _any_of(document, wanted, value, at, _schema) -> list[str]:
    tried = [faults(document, each, value, at) for each in wanted]
    return [] if not all(tried) else [f"{at}: {value!r} fits none: {tried}"]


def _bound(holds, measure):
    def rule(_document, wanted, value, at, _schema) -> list[str]:
        applies = isinstance(value, measure)
        return (
            [f"{at}: {value!r:.80} against {wanted}"]
            if applies and not holds(value, wanted)
            else []
        )

    return rule


_RULES = {
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "additionalItems": lambda *_: [],
    "anyOf": _any_of,
    "allOf": lambda d, w, v, at, _: [f for s in w for f in faults(d, s, v, at)],
    "$ref": lambda d, w, v, at, _: faults(d, resolved(d, w), v, at),
    "const": lambda _d, w, v, at, _: [] if v == w else [f"{at}: {v!r} is not {w!r}"],
    "enum": lambda _d, w, v, at, _: [] if v in w else [f"{at}: {v!r} is none of {w}"],
    "required": _bound(lambda v, w: set(w) <= v.keys(), dict),
    "maxProperties": _bound(lambda v, w: len(v) <= w, dict),
    "minItems": _bound(lambda v, w: len(v) >= w, list),
    "maxItems": _bound(lambda v, w: len(v) <= w, list),
    "minLength": _bound(lambda v, w: len(v) >= w, str),
    "maxLength": _bound(lambda v, w: len(v) <= w, str),
    "pattern": _bound(lambda v, w: re.search(w, v) is not None, str),
    "minimum": _bound(lambda v, w: v >= w, (int, float)),
    "maximum": _bound(lambda v, w: v <= w, (int, float)),
}
