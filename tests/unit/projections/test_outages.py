"""An outage is told when it begins, when it changes and once a minute, on one line each."""

from __future__ import annotations

import logging
import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from projections.outages import Outages, in_a_line


def test_what_lasts_is_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    outages = Outages(logging.getLogger("outages"), clock=lambda: now[0])
    for second in range(150):
        now[0] = float(second)
        outages.tell(ConnectionError("nobody there"), 1.0)
    assert caplog.messages == ["nobody there; trying again every 1 s"] * 3


def test_another_outage_is_told_at_once(caplog: pytest.LogCaptureFixture) -> None:
    outages = Outages(logging.getLogger("outages"), clock=lambda: 0.0)
    for what in ("one", "one", "two", "one"):
        outages.tell(ConnectionError(what), 1.0)
    assert [line.split(";")[0] for line in caplog.messages] == ["one", "two", "one"]


def test_a_databases_error_is_told_without_its_statement() -> None:
    cause = sqlite3.OperationalError("database is locked")
    assert in_a_line(OperationalError("BEGIN IMMEDIATE", None, cause)) == "database is locked"
    assert in_a_line(TimeoutError()) == "TimeoutError()"
