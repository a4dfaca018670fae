"""Jars are the pinned ones or are not used."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from streams.kafka import jars
from streams.kafka.errors import JarError
from streams.kafka.jars import Jar, drop_damaged, ensure_jars, pinned, shared_folder

CONTENT = b"classes"
JAR = Jar("org.example:thing:1.0", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def central(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Serve `thing` from a Maven repository on disk instead of the central one."""
    repository = tmp_path / "repository"
    monkeypatch.setenv("M2_REPO", str(repository))

    def serve(content: bytes) -> None:
        folder = repository / "org" / "example" / "thing" / "1.0"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "thing-1.0.jar").write_bytes(content)

    return serve


def test_every_pin_is_whole_and_kafka_and_its_logging_are_among_them() -> None:
    pins = pinned()
    assert {jars.KAFKA, jars.LOGGING} <= {jar.coordinate for jar in pins}
    assert len({jar.name for jar in pins}) == len(pins) > 40
    assert all(jar.size > 0 and len(bytes.fromhex(jar.sha256)) == 32 for jar in pins)


def test_a_jar_is_fetched_once_and_verified(
    central: Callable[[bytes], None], tmp_path: Path
) -> None:
    told: list[str] = []
    central(CONTENT)
    (path,) = ensure_jars(tmp_path / "jars", [JAR], told.append)
    assert path.read_bytes() == CONTENT
    assert told == ["fetching Apache Kafka: 1 jars, 0 MB", "fetched 1 of 1 jars (thing-1.0.jar)"]
    assert ensure_jars(tmp_path / "jars", [JAR], told.append) == [path]
    assert len(told) == 2
    assert [entry.name for entry in (tmp_path / "jars").iterdir()] == ["thing-1.0.jar"]


def test_a_jar_with_another_checksum_is_not_used(
    central: Callable[[bytes], None], tmp_path: Path
) -> None:
    central(b"CLASSES")
    with pytest.raises(JarError, match=f"thing-1.0.jar has SHA-256 .*, pinned is {JAR.sha256}"):
        ensure_jars(tmp_path / "jars", [JAR], print)
    assert list((tmp_path / "jars").iterdir()) == []


def test_a_truncated_jar_is_fetched_again(central: Callable[[bytes], None], tmp_path: Path) -> None:
    central(CONTENT)
    (tmp_path / "jars").mkdir()
    (tmp_path / "jars" / JAR.name).write_bytes(CONTENT[:3])
    (path,) = ensure_jars(tmp_path / "jars", [JAR], print)
    assert path.read_bytes() == CONTENT


def test_the_cache_is_shared_and_may_be_moved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert shared_folder() == tmp_path / "homeostat" / "kafka-4.2.0"


def test_the_name_is_taken_from_the_coordinate() -> None:
    assert replace(JAR, coordinate="a.b:c-d_2.13:4.5").name == "c-d_2.13-4.5.jar"


def test_a_jar_whose_bytes_changed_is_dropped_and_another_is_not(tmp_path: Path) -> None:
    other = replace(JAR, coordinate="org.example:other:1.0")
    (tmp_path / JAR.name).write_bytes(CONTENT)
    (tmp_path / other.name).write_bytes(CONTENT[::-1])
    assert drop_damaged(tmp_path, [JAR, other]) == [other.name]
    assert [path.name for path in tmp_path.iterdir()] == [JAR.name]


def test_where_nothing_can_be_kept_the_remedy_is_named(
    central: Callable[[bytes], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    central(CONTENT)
    (tmp_path / "file").touch()
    with pytest.raises(JarError, match=r"jars cannot be made .*: set XDG_CACHE_HOME to a folder"):
        ensure_jars(tmp_path / "file" / "jars", [JAR], print)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("os.getuid", lambda: 0x7FFFFFF0)  # nobody's
    with pytest.raises(JarError, match=r"no home folder: set HOME, or XDG_CACHE_HOME"):
        shared_folder()
