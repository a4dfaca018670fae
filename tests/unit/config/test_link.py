"""The command's first line finds its Python, wherever the checkout lies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from config.link import first_line


@pytest.mark.parametrize("folder", ["plain", "with spaces, ünd 'quotes'", "long" * 50])
def test_a_script_is_run_by_the_python_that_it_names(tmp_path: Path, folder: str) -> None:
    python = tmp_path / folder / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    script = tmp_path / "script"
    script.write_text(f"{first_line(str(python))}\nimport sys\nprint(*sys.argv[1:], sep='|')\n")
    for path in (python, script):
        path.chmod(0o755)
    told = subprocess.run([script, "a b", "c"], capture_output=True, text=True, check=True)
    assert told.stdout == "a b|c\n"
