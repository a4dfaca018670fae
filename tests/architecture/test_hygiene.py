"""What no file may contain."""

from __future__ import annotations

import ast
import re

import pytest

from streams.contracts.topics import TOPICS
from tests.architecture.sources import ROOT, kept_files, modules

# Spelled in parts, so that this file does not contain what it looks for.
MACHINE_PATHS = re.compile(
    r"(?<![\w.$}])/(?:" + "|".join(("ro" + "ot", "ho" + "me", "wo" + "rk")) + r")/\w"
)
REGISTRIES = re.compile(
    "|".join(
        ("(?<!emit-)index" + "-url", "pypi" + r"\.org", "arti" + "factory", "registry" + r"\.npmjs")
    )
)
HOME_OF_NAMES = ROOT / "streams/contracts/topics.py"


def _texts() -> list[tuple[str, str]]:
    texts = []
    for path in kept_files():
        try:
            texts.append((str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue  # a picture or a font has no words
    return texts


@pytest.mark.parametrize("unwanted", [MACHINE_PATHS, REGISTRIES], ids=["paths", "registries"])
def test_no_file_names_a_machine_or_a_registry(unwanted: re.Pattern[str]) -> None:
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in _texts()
        for number, line in enumerate(text.splitlines(), 1)
        if unwanted.search(line)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("line", ["see /" + "root/x", "--index" + "-url=x"])
def test_the_search_finds_what_it_looks_for(line: str) -> None:
    assert MACHINE_PATHS.search(line) or REGISTRIES.search(line)


def _topic_literals(tree: ast.AST) -> list[tuple[int, str]]:
    # Names with a dot or a dash cannot be anything else; plain words also name packages and views.
    names = {topic.name for topic in TOPICS if not topic.name.isalpha()}
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in names
    ]


def test_topic_names_have_one_home() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in modules()
        if path != HOME_OF_NAMES
        for line, name in _topic_literals(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not found, "\n".join(found)
    assert _topic_literals(ast.parse(HOME_OF_NAMES.read_text(encoding="utf-8")))


def _undocumented(tree: ast.Module) -> list[str]:
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    public = [n for n in tree.body if isinstance(n, kinds) and not n.name.startswith("_")]
    return [node.name for node in public if ast.get_docstring(node) is None]


def test_everything_public_is_documented() -> None:
    missing = []
    for path in modules():
        if "migrations" in path.parts:
            continue  # the tool that runs them dictates their shape
        tree = ast.parse(path.read_text(encoding="utf-8"))
        name = str(path.relative_to(ROOT))
        if tree.body and ast.get_docstring(tree) is None:
            missing.append(name)
        missing += [f"{name}: {each}" for each in _undocumented(tree)]
    assert not missing, "\n".join(missing)
