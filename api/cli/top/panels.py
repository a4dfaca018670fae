"""The panels of the view: lines, and tables that keep the cursor on the same thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.text import Text
from textual.widgets import DataTable, Static
from textual.widgets.data_table import CellDoesNotExist

from api.cli.top.board import Line

STYLES: Final = {
    "healthy": "green", "ok": "green", "degraded": "yellow", "warning": "yellow",
    "starting": "yellow", "failing": "red", "emergency": "red", "critical": "red", "high": "red",
    "down": "red", "offline": "dim",
}  # fmt: skip


def styled(text: str, looks: str) -> Text:
    """Return text in the colour of what it tells; the words say the same without it."""
    return Text(text, style=STYLES.get(looks, ""), no_wrap=True, overflow="ellipsis")


class Lines(Static):
    """A few lines under a title."""

    def __init__(self, title: str, name: str) -> None:
        super().__init__("", id=name)
        self.border_title = title

    def show(self, lines: Iterable[Line]) -> None:
        """Show `lines` from now on."""
        self.update(Text("\n", no_wrap=True).join(styled(*line) for line in lines))


class Things(DataTable[Text]):
    """A table of things with an id."""

    def __init__(self, title: str, name: str, columns: Sequence[str]) -> None:
        super().__init__(id=name, cursor_type="row", show_header=False, cell_padding=1)
        self.border_title = self._title = title
        self._names = columns
        self._things: dict[str, Mapping[str, Any]] = {}

    def on_mount(self) -> None:
        """Begin with the columns."""
        self.add_columns(*self._names)

    @property
    def chosen(self) -> Mapping[str, Any] | None:
        """What the cursor is on."""
        if not self._things:
            return None
        try:
            key = self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value
        except CellDoesNotExist:
            return None
        return self._things.get(key or "")

    def show(self, things: Iterable[tuple[str, Mapping[str, Any], Sequence[Text]]]) -> None:
        """Show `things` (id, the thing, its cells) from now on; the cursor stays where it is."""
        before = self.cursor_row
        rows = list(things)
        held = self.chosen
        kept = next((n for n, (_, thing, _) in enumerate(rows) if _same(thing, held)), before)
        self._things = {key: thing for key, thing, _ in rows}
        self._widen([cells for *_, cells in rows])
        self.clear()
        for key, _, cells in rows:
            self.add_row(*cells, key=key)
        self.move_cursor(row=min(kept, max(0, len(rows) - 1)))
        self.border_title = f"{self._title}: {len(rows) or 'none'}"

    def _widen(self, rows: Sequence[Sequence[Text]]) -> None:
        """Give what is to be shown the room that it needs; else it would get that when idle."""
        for column, cells in zip(self.ordered_columns, zip(*rows, strict=True), strict=False):
            column.content_width = max(column.content_width, *(cell.cell_len for cell in cells))


def _same(thing: Mapping[str, Any], other: Mapping[str, Any] | None) -> bool:
    return (
        other is not None
        and thing.get("action_id") == other.get("action_id")
        and (thing.get("finding_id") == other.get("finding_id"))
    )
