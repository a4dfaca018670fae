"""One installation that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.harness import Installation


@pytest.fixture(scope="session")
def homeostat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Run a whole installation; at the end it must leave nothing behind."""
    installation = Installation(tmp_path_factory.mktemp("homeostat"))
    try:
        installation.start()
        yield installation
    finally:
        installation.stop()
