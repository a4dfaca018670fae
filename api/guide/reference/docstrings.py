"""What docstrings say of the things in a module and of the fields of a class.

Source: the numpydoc docstring standard, section "Parameters".
"""

from __future__ import annotations

import ast
import inspect
import itertools
import re
from types import ModuleType
from typing import Final

_NAMES: Final = re.compile(r"^(?P<names>\w+(?:, \w+)*)(?: : .+)?$")
_SECTION: Final = re.compile(r"^(?P<title>[A-Z]\w+)\n-+$", re.MULTILINE)


def about(thing: object) -> str:
    """Return the first paragraph of a docstring on one line, as Markdown."""
    text = inspect.cleandoc(getattr(thing, "__doc__", None) or "")
    return markdown(text.partition("\n\n")[0])


def parameters(thing: object) -> dict[str, str]:
    """Return what the section "Parameters" of a docstring says of each name.

    A class adds what it says to what those that it is derived from say.

    Examples
    --------
    >>> class Limits:
    ...     '''Some.
    ...
    ...     Parameters
    ...     ----------
    ...     least, most : int
    ...         How many; ``0`` is none.
    ...     '''
    >>> parameters(Limits)
    {'least': 'How many; `0` is none.', 'most': 'How many; `0` is none.'}
    """
    told: dict[str, str] = {}
    for each in reversed(thing.__mro__) if isinstance(thing, type) else (thing,):
        told |= _own_parameters(each)
    return told


def _own_parameters(thing: object) -> dict[str, str]:
    told: dict[str, str] = {}
    names: list[str] = []
    for line in _section(thing, "Parameters").splitlines():
        if line.startswith(" "):
            told |= {name: f"{told[name]} {line.strip()}".strip() for name in names}
        elif found := _NAMES.match(line):
            names = found["names"].split(", ")
            told |= dict.fromkeys(names, "")
    return {name: markdown(text) for name, text in told.items()}


def _section(thing: object, title: str) -> str:
    text = inspect.cleandoc(getattr(thing, "__doc__", None) or "")
    parts = _SECTION.split(text)  # before, title, text, title, text …
    return dict(zip(parts[1::2], parts[2::2], strict=True)).get(title, "")


def constants(module: ModuleType) -> dict[str, str]:
    """Return what the string below each constant of a module says of it."""
    body = ast.parse(inspect.getsource(module)).body
    told = {}
    for before, after in itertools.pairwise(body):
        target = before.target if isinstance(before, ast.AnnAssign) else None
        if isinstance(target, ast.Name) and (text := _literal(after)):
            told[target.id] = markdown(" ".join(text.split()))
    return told


def _literal(statement: ast.stmt) -> str | None:
    value = statement.value if isinstance(statement, ast.Expr) else None
    found = value.value if isinstance(value, ast.Constant) else None
    return found if isinstance(found, str) else None


def markdown(text: str) -> str:
    r"""Return a docstring's text as Markdown on one line: its literals have single backticks.

    Examples
    --------
    >>> markdown("``A``   is like `B`.")
    '`A` is like `B`.'
    """
    return " ".join(text.replace("``", "`").split())
