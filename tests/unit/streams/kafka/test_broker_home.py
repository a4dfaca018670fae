"""What the broker keeps, and what is generated anew."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from streams.kafka.broker_home import BrokerHome, Recorded
from streams.kafka.errors import BrokerError


def test_a_recorded_process_is_recognised_later(tmp_path: Path) -> None:
    process = Recorded(1, 2.5, 3, 4.5, 5)
    assert BrokerHome(tmp_path).recorded() is None
    BrokerHome(tmp_path).record(process)
    assert BrokerHome(tmp_path).recorded() == process


def test_a_damaged_record_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "process.json").write_text('{"pid": 1}')
    with pytest.raises(BrokerError, match=r"process\.json is damaged .* remove it"):
        BrokerHome(tmp_path).recorded()


def test_the_settings_name_loopback_and_both_ports_only(tmp_path: Path) -> None:
    home = BrokerHome(tmp_path / "kafka")
    home.write_properties(19092, 19093)
    settings = dict(
        line.split("=", 1)
        for line in home.properties.read_text().splitlines()
        if line and not line.startswith("#")
    )
    listeners = "PLAINTEXT://127.0.0.1:19092,CONTROLLER://127.0.0.1:19093"
    assert settings["listeners"] == listeners
    assert settings["log.dirs"] == "data"
    assert settings["auto.create.topics.enable"] == "false"
    assert "{" not in "".join(settings.values())


def test_data_that_lies_under_a_misread_name_is_taken_back(tmp_path: Path) -> None:
    misread = tmp_path / "Ã¼ber" / "kafka" / "data"
    misread.mkdir(parents=True)
    (misread / "meta.properties").touch()
    home = BrokerHome(tmp_path / "über" / "kafka")
    for _ in range(2):
        home.write_properties(19092, 19093)
        assert (home.data / "meta.properties").exists()
    assert not misread.exists()


def test_a_long_log_is_put_aside(tmp_path: Path) -> None:
    home = BrokerHome(tmp_path)
    home.log.write_bytes(b"short")
    home.rotate_log()
    assert home.log.read_bytes() == b"short"
    home.log.write_bytes(bytes((16 << 20) + 1))
    home.rotate_log()
    assert not home.log.exists()
    assert (tmp_path / "broker.log.1").stat().st_size == (16 << 20) + 1


def test_a_failed_format_says_why_and_keeps_the_cluster_id(tmp_path: Path) -> None:
    home = BrokerHome(tmp_path)
    java = [sys.executable, "-c", "import sys; sys.exit('disk full')"]
    for _ in range(2):
        with pytest.raises(BrokerError, match="could not be formatted: disk full"):
            home.format(java)
    assert not home.formatted
    assert len((tmp_path / "cluster-id").read_text()) == 22
