"""How the environment becomes the arguments of a client."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from config.settings import Settings, SettingsError
from streams.kafka.connection import Connection


def test_the_embedded_broker_is_reached_in_the_clear() -> None:
    connection = Connection.from_settings(Settings(kafka_port=19092, kafka=None))
    assert connection.client_options() == {
        "bootstrap_servers": "127.0.0.1:19092",
        "security_protocol": "PLAINTEXT",
    }


def test_an_outside_broker_gets_tls_and_credentials() -> None:
    settings = Settings(
        kafka="broker.example:9093", kafka_security="SASL_SSL", kafka_username="u",
        kafka_password="p",
    )  # fmt: skip
    options = dict(Connection.from_settings(settings).client_options())
    context = options.pop("ssl_context")
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert options == {
        "bootstrap_servers": "broker.example:9093",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "u",
        "sasl_plain_password": "p",
    }


def test_a_password_is_not_shown() -> None:
    assert "s3cret" not in repr(Connection("b:1", "SASL_SSL", "PLAIN", "u", "s3cret"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"security": "TLS"}, "HOMEOSTAT_KAFKA_SECURITY='TLS' is unknown; use one of PLAINTEXT"),
        (
            {"security": "SASL_SSL", "sasl_mechanism": "MD5", "username": "u", "password": "p"},
            "HOMEOSTAT_KAFKA_SASL_MECHANISM='MD5'",
        ),
        ({"security": "SASL_SSL"}, "HOMEOSTAT_KAFKA_USERNAME must be set with SASL_SSL"),
        ({"security": "SASL_SSL", "username": "u"}, "HOMEOSTAT_KAFKA_PASSWORD must be set"),
    ],
)
def test_what_does_not_fit_is_named(arguments: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Connection("b:1", **arguments)


def test_a_missing_authority_is_named() -> None:
    with pytest.raises(SettingsError, match="HOMEOSTAT_KAFKA_CA_FILE=/no/such/file"):
        Connection("b:1", "SSL", ca_file=Path("/no/such/file")).client_options()
