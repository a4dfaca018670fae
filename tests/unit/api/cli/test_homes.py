"""Homes that are none, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.cli.checks import examine
from api.cli.client import USAGE, CommandError, place
from api.cli.holding import holding
from config.mistakes import SettingsError

NO_HOMES = ["/dev/null", "/dev/null/below"]


@pytest.mark.parametrize("home", NO_HOMES)
def test_a_home_that_is_none_is_not_begun_with(home: str) -> None:
    with pytest.raises(SettingsError, match=f"HOMEOSTAT_HOME={home}: "), holding(Path(home)):
        pass


@pytest.mark.parametrize("home", NO_HOMES)
def test_the_doctor_sees_that_a_home_is_none(monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    monkeypatch.setenv("HOMEOSTAT_HOME", home)
    found = {check.name: check for check in examine()}["home"]
    assert (found.state, bool(found.remedy)) == ("fail", True)


def test_a_command_says_that_a_token_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("HOMEOSTAT_HOME", str(tmp_path))
    monkeypatch.delenv("HOMEOSTAT_TOKEN", raising=False)
    with pytest.raises(CommandError, match="HOMEOSTAT_TOKEN") as refused:
        place()
    assert refused.value.status == USAGE
