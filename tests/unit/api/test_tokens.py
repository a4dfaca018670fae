"""Tokens: hashed at rest, expiring, and gone as soon as the file says so."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import yaml

from api.identity.roles import Identity, Role
from api.identity.tokens import Tokens
from config.settings import SettingsError

DAY = 86_400.0


def entry(name: str, **changes: object) -> dict[str, object]:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return {"name": name, "sha256": digest, "tenant": "t", "role": "viewer"} | changes


def tokens(tmp_path: Path, *entries: dict[str, object], now: float = DAY) -> Tokens:
    file = tmp_path / "tokens.yaml"
    file.write_text(yaml.safe_dump(list(entries)))
    return Tokens("first", file, clock=lambda: now)


def test_the_first_token_is_admin_everywhere_even_without_a_file(tmp_path):
    identity = Tokens("first", tmp_path / "none.yaml").identify("first")
    assert identity == Identity("admin", "default", Role.ADMIN, everywhere=True)


def test_a_token_stands_for_its_tenant_and_role(tmp_path):
    known = tokens(tmp_path, entry("a", role="approver"), entry("b", tenant="*"))
    assert known.identify("a") == Identity("a", "t", Role.APPROVER)
    assert known.identify("b") == Identity("b", "default", Role.VIEWER, everywhere=True)
    assert known.identify("c") is None
    assert known.identify(entry("a")["sha256"]) is None


@pytest.mark.parametrize(("expires", "known"), [("1970-01-02T00:00:01Z", True),
                                                ("1970-01-02T00:00:00Z", False)])  # fmt: skip
def test_a_token_expires_at_its_moment(tmp_path, expires, known):
    found = tokens(tmp_path, entry("a", expires=expires)).identify("a")
    assert (found is not None) is known


def test_a_token_taken_out_of_the_file_stops_working_at_once(tmp_path):
    known = tokens(tmp_path, entry("a"), entry("b"))
    assert known.identify("a")
    (tmp_path / "tokens.yaml").write_text(yaml.safe_dump([entry("b")]))
    assert known.identify("a") is None
    assert known.identify("b")


def test_a_file_that_breaks_while_running_leaves_the_first_token_only(tmp_path, caplog):
    known = tokens(tmp_path, entry("a"))
    (tmp_path / "tokens.yaml").write_text("- {name: a")
    assert known.identify("a") is None
    assert known.identify("first")
    assert "only the installation's own are accepted" in caplog.text


@pytest.mark.parametrize(
    ("entries", "named"),
    [
        ([entry("a", role="king")], "role"),
        ([entry("a", sha256="abc")], "sha256"),
        ([entry("a", expires="2027-01-01T00:00:00")], "expires"),
        ([entry("a", colour="red")], "colour"),
        ([entry("a"), entry("a")], "twice: a"),
        ([entry("admin")], "twice: admin"),
    ],
)
def test_a_wrong_file_is_refused_with_its_field(tmp_path, entries, named):
    with pytest.raises(SettingsError, match=named):
        tokens(tmp_path, *entries)


def test_the_scraper_reads_everywhere_and_does_nothing_else(tmp_path):
    known = Tokens("first", tmp_path / "none.yaml", scraper="for prometheus")
    assert known.identify("for prometheus") == Identity(
        "scraper", "default", Role.VIEWER, everywhere=True
    )
    assert known.identify("first") == Identity("admin", "default", Role.ADMIN, everywhere=True)
    assert known.identify("") is None


def test_without_a_scraper_there_is_no_token_of_its_name(tmp_path):
    known = Tokens("first", tmp_path / "none.yaml")
    assert all(known.identify(token) is None for token in ("", "None", "scraper"))
