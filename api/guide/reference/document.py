"""The whole page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from api.guide.reference.commands import commands_part
from api.guide.reference.http import http_part
from api.guide.reference.log import log_part
from api.guide.reference.measured import measured_part
from api.guide.reference.policy import policy_part
from api.guide.reference.settings import settings_part

FILE: Final = Path(__file__).parents[1] / "reference.md"
_HEAD: Final = (
    "# Reference",
    "",
    "Every setting, policy field, command, event, topic, route and metric.",
    "",
    "Made from the code by `python -m api.guide.reference`.",
    "",
)
_PARTS: Final[tuple[Callable[[], Iterator[str]], ...]] = (
    settings_part, policy_part, commands_part, log_part, http_part, measured_part,
)  # fmt: skip


def document() -> str:
    """Return the page as the code is now."""
    lines = [*_HEAD, *(line for part in _PARTS for line in part())]
    return "\n".join(lines).rstrip() + "\n"
