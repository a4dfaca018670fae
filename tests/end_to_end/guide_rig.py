"""Does what the guide says, in two terminals, and compares what is seen with what it shows.

A fenced block whose first word is ``console`` is typed in; any other whose second word is a file's
name is saved under it. Further words of a console block, which renderers do not show:

``terminal=1``
    In the first terminal, which `up` occupies; without it, in the second.
``until-up``
    Its output goes on; wait until what is shown has been seen.
``interrupt``
    Press Ctrl-C, and wait for the end.
``until``
    What it shows may take a moment: repeat each command until it does.
``unordered``
    The lines that are shown may come in another order.
``status=any``
    Its exit status is an answer; without it every command must end with 0.
``needs=PROGRAM``
    Left out where that program is not installed.

In what is shown, ``…`` stands for anything on a line, and alone for any lines; a number with a
decimal point for any number, a time for any time, and an id for the one that is seen first in its
place, in the commands that follow too.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from markdown_it import MarkdownIt

_PARTS: Final = re.compile(
    r"(?P<id>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})"
    r"|(?P<time>\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?Z?)"
    r"|(?P<number>(?<![\d.])\d+\.\d+(?![\d.]))"
    r"|(?P<any>…)|(?P<space>[ \t]+)"
)
_ID: Final = "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: the words after its fence, and what is in it."""

    words: tuple[str, ...]
    content: str

    @property
    def file(self) -> str | None:
        """The file that it is to be saved as."""
        named = len(self.words) == 2 and self.words[0] != "console"
        return self.words[1] if named else None

    @property
    def steps(self) -> list[tuple[str, str]]:
        """What is typed, each with what is shown after it."""
        found: list[tuple[str, str]] = []
        for line in self.content.splitlines(keepends=True):
            if line.startswith("$ "):
                found.append((line[2:].rstrip("\n"), ""))
            elif found:
                found[-1] = (found[-1][0], found[-1][1] + line)
        return found

    @property
    def shown(self) -> str:
        """All that is shown after what was typed, or after ``^C``."""
        return "".join(
            line
            for line in self.content.splitlines(keepends=True)
            if not line.startswith(("$ ", "^C"))
        )

    def says(self, word: str) -> bool:
        """Say whether `word` is among the words after the fence."""
        return word in self.words

    def missing(self) -> str | None:
        """Return the program that it needs and that is not there."""
        wanted = (word.removeprefix("needs=") for word in self.words if word.startswith("needs="))
        return next((name for name in wanted if shutil.which(name) is None), None)


def blocks(markdown: str) -> Iterator[Block]:
    """Give the fenced blocks in order."""
    for token in MarkdownIt("commonmark").parse(markdown):
        if token.type == "fence":
            yield Block(tuple(token.info.split()), token.content)


@dataclass
class Shown:
    """What the guide's own values stand for in this run.

    Parameters
    ----------
    ports : mapping
        The guide's ports, and those of this run.
    """

    ports: Mapping[int, int]
    ids: dict[str, str] = field(default_factory=dict)

    def own(self, text: str) -> str:
        """Return `text` with the ports and ids of this run."""
        for shown, actual in self.ports.items():
            text = re.sub(rf"\b{shown}\b", str(actual), text)
        return re.sub(_ID, lambda found: self.ids.get(found[0], found[0]), text)

    def fits_unordered(self, shown: str, seen: str) -> bool:
        """Say the same of lines that may come in another order."""
        left = seen.splitlines()
        for line in shown.splitlines():
            same = next((each for each in left if self.fits(line, each)), None)
            if same is None:
                return False
            left.remove(same)
        return not left

    def fits(self, shown: str, seen: str) -> bool:
        """Say whether `seen` is what is shown; take note of the ids in it."""
        names: list[str] = []
        pattern = "".join(self._line(line, names) for line in shown.splitlines())
        found = re.fullmatch(pattern, seen if not seen or seen.endswith("\n") else seen + "\n")
        if found is None:
            return False
        self.ids |= {name: found[f"id{place}"] for place, name in enumerate(names)}
        return True

    def _line(self, line: str, names: list[str]) -> str:
        if line.strip() == "…":
            return r"(?:.*\n)*?"
        pattern, end = "", 0
        for found in _PARTS.finditer(line.rstrip()):
            pattern += re.escape(self.own(line[end : found.start()]))
            pattern += self._part(found, names)
            end = found.end()
        return pattern + re.escape(self.own(line[end:].rstrip())) + r"[ \t]*\n"

    def _part(self, found: re.Match[str], names: list[str]) -> str:
        if found.lastgroup != "id":
            return {
                "time": r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[\d.Z]*",
                "number": r"-?\d[\d.e+]*",
                "any": r".*?",
                "space": r"[ \t]+",
            }[str(found.lastgroup)]
        if found[0] in self.ids:
            return re.escape(self.ids[found[0]])
        if found[0] in names:
            return rf"(?P=id{names.index(found[0])})"
        names.append(found[0])
        return rf"(?P<id{len(names) - 1}>{_ID})"
