"""The question before an answer is given: what about, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class Question(ModalScreen[str | None]):
    """Asks for the reason of an answer; gives it, or None where the person thinks better of it.

    Parameters
    ----------
    verb : str
        ``approve`` or ``reject``.
    action : mapping
        As the API tells it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "Cancel")]
    CSS = """
    Question { align: center middle; }
    Question > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        border: round $accent; background: $surface; padding: 0 1;
    }
    Question Static { height: auto; }
    """

    def __init__(self, verb: str, action: Mapping[str, Any]) -> None:
        super().__init__()
        self._verb = verb
        self._action = action

    def compose(self) -> ComposeResult:
        """Lay the question out."""
        action = self._action
        box = Vertical(
            Static(Text("\n".join(_told(action)))),
            Input(placeholder="Why? It stays on record.", max_length=1000),
            Static(Text(f"Enter: {self._verb}    Esc: leave it waiting")),
        )
        box.border_title = f"{self._verb.capitalize()} {action['action']}?"
        yield box

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the reason, unless there is none."""
        if reason := event.value.strip():
            self.dismiss(reason)


def _told(action: Mapping[str, Any]) -> list[str]:
    chosen = next((c for c in action["candidates"] if not c["rejected"]), None)
    lines = [f"{action['action']} for {action['agent_id']} on {action['host'] or 'any host'}"]
    if action["reason"]:
        lines.append(f"because {action['reason']}")
    if action["parameters"]:
        lines.append(", ".join(f"{name} {value}" for name, value in action["parameters"].items()))
    if preview := action["evidence"].get("preview"):
        lines.append(f"would run: {preview}")
    if chosen is not None:
        lines.append(f"expected value {chosen['expected_value']:g}, risk {chosen['risk']:g}")
    return lines
