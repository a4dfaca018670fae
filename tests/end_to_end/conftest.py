"""One installation that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.harness import Installation


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Run a whole installation; at the end it must leave nothing behind."""
    installation = Installation(tmp_path_factory.mktemp("homeostat"))
    try:
        installation.start()
        yield installation
    finally:
        installation.stop()


@pytest.fixture(scope="module")
def homeostat(shared: Installation) -> Iterator[Installation]:
    """Give the shared installation, its service whole, to a file of tests.

    Its policy is put back afterwards.
    """
    shared.settled()
    before = shared.get("/policy")["policy"]
    yield shared
    if shared.get("/policy")["policy"] | {"version": 0} != before | {"version": 0}:
        shared.in_force(before, "as before")
