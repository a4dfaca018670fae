"""The page's libraries: WebJars, pinned by checksum, of which a few files are served."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from streams.kafka.jars import ensure_jars, pinned, shared_cache

PINS: Final = Path(__file__).with_name("webjars.yaml")
FILES: Final = {
    "chart.js": ("chart.js", "dist/chart.umd.js"),
    "lit-html.js": ("lit-html", "lit-html.js"),
    "async-directive.js": ("lit-html", "async-directive.js"),
    "directive.js": ("lit-html", "directive.js"),
    "directive-helpers.js": ("lit-html", "directive-helpers.js"),
    "directives/ref.js": ("lit-html", "directives/ref.js"),
    "directives/repeat.js": ("lit-html", "directives/repeat.js"),
}
"""What the page loads: the artifact, and the file in its package."""
_SOURCE_MAP: Final = re.compile(rb"^//# sourceMappingURL=.*$", re.MULTILINE)


def read_libraries(report: Callable[[str], None]) -> dict[str, bytes]:
    """Return each served file's content, without the map that only developers have.

    What is not there yet is fetched, and `report` is told.

    Raises
    ------
    JarError
        If a package cannot be fetched or has another checksum than the pinned one.
    """
    jars = pinned(PINS)
    paths = ensure_jars(shared_cache() / "page", jars, report, "the page's libraries")
    roots = {}
    for jar, path in zip(jars, paths, strict=True):
        _, artifact, version = jar.coordinate.split(":")
        roots[artifact] = (path, f"META-INF/resources/webjars/{artifact}/{version}")
    return {name: _read(*roots[artifact], inner) for name, (artifact, inner) in FILES.items()}


def _read(path: Path, root: str, inner: str) -> bytes:
    with zipfile.ZipFile(path) as package:
        return _SOURCE_MAP.sub(b"", package.read(f"{root}/{inner}"))


if __name__ == "__main__":
    read_libraries(print)
