"""Everything that the tutorial says is done, in order, on a machine of its own."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from markdown_it import MarkdownIt

from api.guide.pages import read_page
from tests.end_to_end.guide_rig import Block, Shown, blocks
from tests.end_to_end.harness import PATIENCE_S, ROOT
from tests.end_to_end.terminal import Terminal
from tests.ports import free_port

GUIDES_PORTS = (8000, 9092, 8099, 8100)
_HEALED = """\
$ homeostat findings --state ended --agent demo
finding …
… critical demo … up of default/demo is 0, below 1 (critical)
…
"""


class Reader:
    """Somebody who reads the tutorial and does what it says in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shown = Shown({port: free_port() for port in GUIDES_PORTS})
        self.commands = 0
        settings = {
            "HOMEOSTAT_API_PORT": str(self.shown.ports[8000]),
            "HOMEOSTAT_KAFKA_PORT": str(self.shown.ports[9092]),
            "COLUMNS": "200",
        }
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("HOMEOSTAT_", "MAKE"))}
        self._checkout()
        self.first = Terminal(folder, kept | settings)
        self.second = Terminal(folder, kept | settings)

    def _checkout(self) -> None:
        """Make what the reader has: the checkout, installed."""
        (self.folder / ".venv").symlink_to(Path(sys.executable).parent.parent)
        rules = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert "up: install " in rules
        (self.folder / "Makefile").write_text(rules.replace("up: install ", "up: "))
        (self.folder / "config").mkdir()
        demo = (ROOT / "config" / "demo.yaml").read_text(encoding="utf-8")
        (self.folder / "config" / "demo.yaml").write_text(self.shown.own(demo))

    def does(self, block: Block) -> None:
        """Do what one block says."""
        if block.file is not None:
            (self.folder / block.file).write_text(self.shown.own(block.content))
        elif block.missing() is None and block.words[0] == "console":
            if block.says("terminal=1"):
                self._in_the_first(block)
            else:
                for command, expected in block.steps:
                    self._in_the_second(block, self.shown.own(command), expected)

    def _in_the_first(self, block: Block) -> None:
        if block.says("interrupt"):
            self.first.interrupt()
        for command, _ in block.steps:
            self.first.type(self.shown.own(command))
            self.commands += 1
        expected = block.shown + "…\n"
        self.first.read(lambda seen: self.shown.fits(expected, seen), block.content)

    def _in_the_second(self, block: Block, command: str, expected: str) -> None:
        compare = self.shown.fits_unordered if block.says("unordered") else self.shown.fits
        deadline = time.monotonic() + PATIENCE_S
        while True:
            seen, status = self.second.run(command)
            fits = compare(expected, seen)
            if fits or not block.says("until") or time.monotonic() > deadline:
                break
        self.commands += 1
        assert fits, f"$ {command}\n{seen}\n--- is not what the guide shows:\n{expected}"
        assert status == 0 or block.says("status=any"), f"$ {command}\n{seen}\nstatus {status}"

    def end(self) -> None:
        """Close both terminals; nothing that was started may be left."""
        self.first.interrupt()
        self.first.__exit__()
        self.second.__exit__()
        left = [each for each in psutil.process_iter() if self._here(each)]
        _, living = psutil.wait_procs(left, PATIENCE_S)
        for each in living:
            each.kill()
        assert not living, f"left behind: {living}"

    def _here(self, process: psutil.Process) -> bool:
        try:
            return Path(process.cwd()) == self.folder
        except psutil.Error:
            return False  # it ended meanwhile, or belongs to somebody else


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """Give a reader a machine."""
    reading = Reader(tmp_path)
    try:
        yield reading
    finally:
        reading.end()


def test_the_tutorial_does_what_it_says(reader: Reader) -> None:
    for block in blocks(read_page("tutorial").text):
        reader.does(block)
    assert reader.commands > 30


def _typed(section: str) -> list[str]:
    """Return the lines that the README has its reader type, under one heading."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    part = readme.split(f"\n## {section}\n")[1].split("\n## ")[0]
    tokens = MarkdownIt("commonmark").parse(part)
    code = [token.content for token in tokens if token.type == "code_block"]
    return [line for text in code for line in text.splitlines()]


def test_what_the_readme_has_its_reader_type_works(reader: Reader) -> None:
    start = next(iter(blocks(read_page("tutorial").text)))
    assert "make up" in _typed("Start")[0]
    reader.does(start)
    for line in _typed("Look"):
        if "kcat" in line and shutil.which("kcat") is None:
            continue
        seen, status = reader.second.run(reader.shown.own(line))
        # The last word of `status` is its exit status, which is 1 where anything is open.
        assert status == 0 or line.endswith(" status"), f"$ {line}\n{seen}"
    reader.does(Block(("console",), "$ . .venv/bin/activate\n"))
    reader.does(Block(("console", "until"), _HEALED))
