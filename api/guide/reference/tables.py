"""Tables of Markdown, and types, defaults and units as a person writes them."""

from __future__ import annotations

import types
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import SecretStr

_PLAIN: Final[dict[Any, str]] = {
    str: "text", int: "whole number", float: "number", bool: "yes or no", Path: "path",
    SecretStr: "secret", Any: "anything",
}  # fmt: skip
_UNITS: Final = {
    "_s": "s", "_ms": "ms", "_mb": "MB", "_days": "days", "half_life": "samples",
    "warmup": "samples", "persistence": "samples", "sigma": "deviations", "_share": "share 0-1",
    "blast_radius": "share 0-1", "risk": "0-1", "relative_floor": "share 0-1",
}  # fmt: skip


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table, and an empty one."""
    lines = [_line(columns), _line(["---"] * len(columns)), *(_line(row) for row in rows)]
    return [*lines, ""]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def code(text: str) -> str:
    """Return `text` as a literal, or nothing for nothing."""
    return f"`{text}`" if text else ""


def type_name(annotation: Any) -> str:
    """Return a type in words.

    Examples
    --------
    >>> type_name(list[Path]), type_name(float | None), type_name(Literal["a", "b"])
    ('list of path', 'number', '`a` or `b`')
    """
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if origin is Annotated:
        return type_name(inner[0])
    if origin is Literal:
        return " or ".join(code(str(each)) for each in inner)
    if origin in (Union, types.UnionType):
        return " or ".join(type_name(each) for each in inner if each is not type(None))
    if origin in (list, tuple):
        return f"list of {type_name(inner[0])}"
    if origin is dict:
        return f"map of {type_name(inner[0])} to {type_name(inner[1])}"
    return str(annotation.__name__)


def shown(value: object) -> str:
    """Return a default as it is written in YAML, or a dash where there is none.

    Examples
    --------
    >>> shown(None), shown(True), shown([]), shown(2.0)
    ('-', '`true`', '`[]`', '`2`')
    """
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return code(str(value).lower())
    if isinstance(value, float):
        return code(f"{value:g}")
    if isinstance(value, tuple):
        return code(str(list(value)).replace(".0", ""))
    return code(str(value))


def unit(name: str, annotation: Any) -> str:
    """Return the unit of a number, which its name tells.

    Examples
    --------
    >>> unit("timeout_s", float), unit("workers", int), unit("name_s", str)
    ('s', '', '')
    """
    if not {int, float} & {annotation, *get_args(annotation)}:
        return ""
    return next((told for end, told in _UNITS.items() if name.endswith(end)), "")
