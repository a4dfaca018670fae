"""Settings: what is read, and how a mistake is named."""

import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.configuration import Configuration, host_name
from config.secret_files import read_or_make
from config.settings import SettingsError, settings_from_environment

SERVICE = "services: [{name: web, command: [python3, -m, http.server]}]"


def configured(tmp_path: Path, text: str) -> Configuration:
    path = tmp_path / "homeostat.yaml"
    path.write_text(text)
    return settings_from_environment(config=path).configuration()


def test_the_environment_decides(monkeypatch):
    monkeypatch.setenv("HOMEOSTAT_API_PORT", "8123")
    monkeypatch.setenv("HOMEOSTAT_KAFKA", "broker:9092")
    settings = settings_from_environment()
    assert settings.api_port == 8123
    assert settings.bootstrap == "broker:9092"


def test_a_wrong_variable_is_named(monkeypatch):
    monkeypatch.setenv("HOMEOSTAT_API_PORT", "many")
    with pytest.raises(SettingsError, match=r"HOMEOSTAT_API_PORT"):
        settings_from_environment()


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("DATABASE_URL", "mysql://me:hidden@there/x", "begins with 'mysql'"),
        ("DATABASE_URL", "://", "begins with ''"),
        ("DATABASE_URL", "hidden", "postgresql://"),
        ("KAFKA", ":::::", "HOST:PORT"),
        ("KAFKA", "broker:9092,", "HOST:PORT"),
        ("KAFKA", "broker:many", "HOST:PORT"),
    ],
)
def test_a_place_that_is_none_is_named_without_its_password(monkeypatch, variable, value, named):
    monkeypatch.setenv(f"HOMEOSTAT_{variable}", value)
    with pytest.raises(SettingsError, match=f"HOMEOSTAT_{variable}.*{named}") as refused:
        settings_from_environment()
    assert "me:hidden" not in str(refused.value)


@pytest.mark.parametrize("value", ["broker", "a:1, b-2.example:19092", "[::1]:9092,10.0.0.1:9092"])
def test_brokers_are_named_in_every_usual_way(monkeypatch, value):
    monkeypatch.setenv("HOMEOSTAT_KAFKA", value)
    assert settings_from_environment().kafka == value


def test_a_token_that_is_none_is_named(tmp_path):
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="token: it is no token"):
        settings_from_environment(home=tmp_path).token()


def test_a_service_needs_little(tmp_path):
    (service,) = configured(tmp_path, SERVICE).services
    assert service.health.process
    assert not service.detach


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("servces: []", "servces"),
        ("services: [{name: web}]", "command"),
        ("services: [{name: a/b, command: [x]}]", "name"),
        ("services: [{name: a, command: [x]}, {name: a, command: [y]}]", "twice: a"),
        ("services: [{name: a, command: [x], depends_on: [b]}]", "undeclared b"),
        ("services: [{name: a, command: [x], depends_on: [a]}]", "each other: a -> a"),
        ("services: [{name: a, command: [x]}]\nprobes: [{name: a, tcp: 'h:1'}]", "twice: a"),
        ("housekeeping: {keep_rotated: 0}", "keep_rotated"),
        ("services: {", "expected"),
    ],
)
def test_a_wrong_configuration_is_named(tmp_path, text, named):
    with pytest.raises(SettingsError, match=named):
        configured(tmp_path, text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"absent\.yaml"):
        settings_from_environment(config=tmp_path / "absent.yaml").configuration()


def test_a_file_that_is_no_text_is_named(tmp_path):
    file = tmp_path / "binary"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"HOMEOSTAT_CONFIG=.*binary"):
        settings_from_environment(config=file).configuration()
    with pytest.raises(SettingsError, match=r"HOMEOSTAT_SCRAPE_TOKEN_FILE=.*no text"):
        _ = settings_from_environment(scrape_token_file=file).scrape_token


def test_a_secret_is_made_once_and_for_its_owner_only(tmp_path):
    path = tmp_path / "home" / "token"
    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(lambda _: read_or_make(path), range(32)))
    assert len(seen) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["token"]


def test_of_two_processes_that_make_a_secret_at_once_one_wins(tmp_path, monkeypatch):
    path = tmp_path / "secret"
    make = secrets.token_urlsafe

    def overtaken(size):
        path.write_text("of the other", encoding="ascii")
        return make(size)

    monkeypatch.setattr(secrets, "token_urlsafe", overtaken)
    assert read_or_make(path) == b"of the other"
    assert [left.name for left in tmp_path.iterdir()] == ["secret"]


def test_a_host_is_named_so_that_it_can_be_a_key():
    assert host_name(Configuration(host="db-1")) == "db-1"
    assert "/" not in host_name(Configuration())


def test_a_scrape_token_comes_from_its_file_and_is_never_an_easy_one(tmp_path):
    file = tmp_path / "scrape"
    settings = settings_from_environment(scrape_token_file=file)
    with pytest.raises(SettingsError, match=r"HOMEOSTAT_SCRAPE_TOKEN_FILE=.*No such file"):
        _ = settings.scrape_token
    file.write_text("\n")
    with pytest.raises(SettingsError, match="at least 16 characters; it has 0"):
        _ = settings.scrape_token
    file.write_text("a-token-of-some-length\n")
    assert settings.scrape_token == "a-token-of-some-length"
    assert settings_from_environment().scrape_token is None


@pytest.mark.parametrize("left", [b"", b"\n", b"\0" * 43])
def test_a_secret_of_nothing_is_nobodys(tmp_path: Path, left: bytes) -> None:
    settings = settings_from_environment(home=tmp_path)
    for path, read in (
        (tmp_path / "token", settings.token),
        (tmp_path / "secret", settings.secret),
    ):
        path.write_bytes(left)
        with pytest.raises(SettingsError, match=f"{path} .*put its copy back, or remove it"):
            read()
