"""How answers look: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.text import Text

_STYLES: Final = {
    "healthy": "green", "ok": "green", "succeeded": "green", "degraded": "yellow",
    "warning": "yellow", "awaiting": "yellow", "failing": "red", "emergency": "red",
    "critical": "red", "high": "red", "failed": "red",
    "offline": "dim", "quarantined": "magenta", "maintenance": "blue",
}  # fmt: skip
_PLAIN_WIDTH: Final = 200


def as_json(found: Any) -> None:
    """Write what the API answered, as one JSON document."""
    sys.stdout.write(json.dumps(found, indent=None if isinstance(found, str) else 2) + "\n")
    sys.stdout.flush()


def as_line(found: Any) -> None:
    """Write one JSON document on one line, at once."""
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def as_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table; where standard output is no terminal, without lines and colours."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console = Console(width=_PLAIN_WIDTH)
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    console.print(table)


def as_list(
    found: Sequence[dict[str, Any]],
    columns: Sequence[str],
    row: Callable[[dict[str, Any]], Sequence[object]],
    *,
    plain: bool,
) -> None:
    """Write a list of the API: as JSON, or as a table with the `row` of each for a person."""
    if plain:
        as_json(found)
    else:
        as_table(columns, map(row, found))


def _cell(value: object) -> Text:
    from rich.text import Text

    if value is None or value == "":
        return Text("-")
    text = f"{value:g}" if isinstance(value, float) else harmless(str(value))
    return Text(text, _STYLES.get(text, ""))


def harmless(text: str) -> str:
    r"""Return text with the characters escaped that a terminal would obey.

    Examples
    --------
    >>> harmless("one\x1b[2Jtwo")
    'one\\x1b[2Jtwo'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)


def say(text: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{harmless(text)}\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Write a line beside the answer: on standard error."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def progress(*, plain: bool) -> Callable[[str], None]:
    """Return what takes lines of progress: beside the answer where that is JSON."""
    return note if plain else say


def as_receipt(receipt: Any, told: str = "", *, plain: bool) -> None:
    """Write the answer to a write: as JSON; for a person as `told`, else where it stands."""
    if plain:
        as_json(receipt)
    else:
        say(told or f"on record at {receipt['position']}")


def clock(moment: str | None) -> str:
    """Return a moment of the API without its date's clutter.

    Examples
    --------
    >>> clock("2026-11-21T03:14:15.926535Z")
    '2026-11-21 03:14:15'
    """
    return "-" if moment is None else moment[:19].replace("T", " ")
