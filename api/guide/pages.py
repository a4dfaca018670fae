"""The pages of the guide, as they lie beside this module."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent
NAMES: Final = ("tutorial", "failures", "reference")
"""In the order in which they are read."""


class UnknownPage(LookupError):
    """There is no such page; says which there are."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Parameters
    ----------
    name : str
        Its address and its argument on the command line.
    text : str
        Markdown, beginning with a heading and a paragraph that says what it is for.
    """

    name: str
    text: str

    @property
    def title(self) -> str:
        """Its heading."""
        return self.text.partition("\n")[0].removeprefix("# ").strip()

    @property
    def lead(self) -> str:
        """Its first paragraph, on one line."""
        return " ".join(self.text.split("\n\n", 2)[1].split())


def read_page(name: str) -> Page:
    """Return the page `name`.

    Raises
    ------
    UnknownPage
        Where there is none of that name.

    Examples
    --------
    >>> read_page("failures").title
    'How it fails, and what to do'
    """
    if name not in NAMES:
        raise UnknownPage(f"the guide has no page {name!r}; it has {', '.join(NAMES)}")
    return Page(name, (_FOLDER / f"{name}.md").read_text(encoding="utf-8"))


def every_page() -> list[Page]:
    """Return all pages in reading order."""
    return [read_page(name) for name in NAMES]
