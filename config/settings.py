"""Settings of an installation, from the environment and one YAML file.

Read by entry points only; everything below is handed its values as arguments.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus

import yaml
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.configuration import Configuration
from config.mistakes import SettingsError, mistakes_in
from config.secret_files import content_of, read_or_make

__all__ = ["Settings", "SettingsError", "settings_from_environment"]

_SHORTEST_TOKEN: Final = 16
_DATABASES: Final = ("sqlite", "postgresql")
_BROKER: Final = r"\s*([^\s:,\[\]]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?\s*"
_BROKERS: Final = re.compile(f"{_BROKER}(,{_BROKER})*")


class Settings(BaseSettings):
    """The environment of an installation (prefix ``HOMEOSTAT_``).

    Parameters
    ----------
    home : Path
        Everything kept on disk.
    api_host, api_port
        Where the API listens; loopback unless told otherwise.
    kafka_port : int
        Where the embedded broker listens, on loopback.
    api_hosts : list of str
        Further names by which clients may call the API, as a JSON list; others are refused.
    kafka : str or None
        ``HOST:PORT[,…]`` of an outside broker; unset, the embedded one is started.
    kafka_security : str
        For an outside broker: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.
    kafka_sasl_mechanism, kafka_username, kafka_password
        How to sign in at an outside broker, where its security asks for it.
    kafka_ca_file : Path or None
        Certificates that an outside broker's is checked against.
    database_url : str or None
        An SQLAlchemy URL, such as PostgreSQL's; without one, SQLite in `home`.
    kafka_password_file, database_password_file : Path or None
        Files that hold the passwords, as orchestrators hand secrets over.
    scrape_token_file : Path or None
        A file that holds one more API token: it reads for every tenant, and is Prometheus'.
    tls_certificate, tls_key : Path or None
        PEM files with which the API serves HTTPS; read again when they change.
    tls_ca : Path or None
        PEM file of the authorities that commands believe when they call an API by HTTPS.
    api_token_rate, api_tenant_rate : float
        Requests per second that one token, and all tokens of one tenant together, may ask of an
        API process; the first token is not limited. A page asks for ten, and a process answers
        several hundred, so that no single client takes it from all others.
    api_burst_s : float
        Seconds of silence that a token or tenant may save up for a burst.
    api_streams : int
        Live streams that one token may hold open at once; each costs memory for what waits.
    config : Path or None
        The YAML file of services and probes.
    partitions : int
        Partitions of every keyed topic, fixed when the log is made.
    workers : int
        Workers that `up` runs; they share the partitions.
    inbox_days : float
        Days for which heartbeats, and all else that steps read, are kept: so far back decisions can
        be verified, and other policies and detectors be tried on them.
    session_s : float or None
        How long a worker may be silent before its partitions go to others. Unset, 2 s with the
        embedded broker and 6 s with one outside, whose ``group.min.session.timeout.ms`` it may
        not be below.
    otlp_endpoint : str or None
        Where an OpenTelemetry collector takes traces by OTLP over HTTP, such as
        ``http://127.0.0.1:4318``. None traces nothing.
    """

    model_config = SettingsConfigDict(env_prefix="HOMEOSTAT_", frozen=True)

    home: Path = Path(".homeostat")
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8000, ge=0, le=65535)
    api_hosts: list[str] = []
    kafka_port: int = Field(default=9092, ge=1, le=65535)
    kafka: str | None = None
    kafka_security: str = "PLAINTEXT"
    kafka_sasl_mechanism: str = "SCRAM-SHA-512"
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    kafka_ca_file: Path | None = None
    kafka_password_file: Path | None = None
    database_url: str | None = None
    database_password_file: Path | None = None
    scrape_token_file: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_ca: Path | None = None
    api_token_rate: float = Field(default=200.0, gt=0, le=1e6)
    api_tenant_rate: float = Field(default=1000.0, gt=0, le=1e6)
    api_burst_s: float = Field(default=5.0, gt=0, le=3600)
    api_streams: int = Field(default=20, ge=1, le=10_000)
    config: Path | None = None
    partitions: int = Field(default=4, ge=1, le=1000)
    workers: int = Field(default=1, ge=1, le=64)
    inbox_days: float = Field(default=7.0, ge=1, le=400)
    session_s: float | None = Field(default=None, ge=1, le=300)
    otlp_endpoint: str | None = Field(default=None, pattern=r"^https?://[^/\s]+")

    @property
    def bootstrap(self) -> str:
        """Where the broker is."""
        return self.kafka or f"127.0.0.1:{self.kafka_port}"

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the projections."""
        if self.database_url is None:
            return f"sqlite:///{self.home.resolve() / 'homeostat.db'}"
        if self.database_password_file is None:
            return self.database_url
        scheme, _, rest = self.database_url.partition("://")
        user, at, place = rest.rpartition("@")
        if not at or ":" in user:
            detail = "write it as SCHEME://USER@HOST/NAME; the file has the password"
            raise SettingsError(f"HOMEOSTAT_DATABASE_URL: {detail}")
        password = quote_plus(content_of("DATABASE_PASSWORD_FILE", self.database_password_file))
        return f"{scheme}://{user}:{password}@{place}"

    @property
    def kafka_secret(self) -> str | None:
        """The password for an outside broker, from the environment or from its file."""
        if self.kafka_password_file is not None:
            return content_of("KAFKA_PASSWORD_FILE", self.kafka_password_file)
        return self.kafka_password.get_secret_value() if self.kafka_password else None

    @property
    def tls(self) -> tuple[Path, Path] | None:
        """The files of the API's certificate and of its key; None where it serves plain HTTP."""
        if self.tls_certificate is None and self.tls_key is None:
            return None
        if self.tls_certificate is None or self.tls_key is None:
            missing = "CERTIFICATE" if self.tls_certificate is None else "KEY"
            detail = "is not set; HTTPS needs both the certificate and its key"
            raise SettingsError(f"HOMEOSTAT_TLS_{missing} {detail}")
        return self.tls_certificate, self.tls_key

    @property
    def scrape_token(self) -> str | None:
        """The token that may only read, from its file; None where none is named."""
        if self.scrape_token_file is None:
            return None
        token = content_of("SCRAPE_TOKEN_FILE", self.scrape_token_file)
        if len(token) < _SHORTEST_TOKEN:
            detail = f"a token needs at least {_SHORTEST_TOKEN} characters; it has {len(token)}"
            raise SettingsError(f"HOMEOSTAT_SCRAPE_TOKEN_FILE={self.scrape_token_file}: {detail}")
        return token

    def configuration(self) -> Configuration:
        """Return the YAML file's content, or the defaults where none is named."""
        if self.config is None:
            return Configuration()
        try:
            plain = yaml.safe_load(self.config.read_text(encoding="utf-8")) or {}
            return Configuration.model_validate(plain)
        except ValidationError as error:
            raise SettingsError(f"HOMEOSTAT_CONFIG={self.config}: {mistakes_in(error)}") from error
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise SettingsError(f"HOMEOSTAT_CONFIG={self.config}: {error}") from error

    def secret(self) -> bytes:
        """Return the installation's secret, made on first use and readable by its owner only."""
        return read_or_make(self.home / "secret")

    def token(self) -> str:
        """Return the first API token, made on first use and readable by its owner only."""
        path = self.home / "token"
        try:
            return read_or_make(path).decode("ascii")
        except UnicodeDecodeError as error:
            raise SettingsError(f"{path}: it is no token; remove it, and one is made") from error


def settings_from_environment(**changes: Any) -> Settings:
    """Return the settings, or raise `SettingsError` naming the variable that is wrong."""
    try:
        settings = Settings(**changes)
    except ValidationError as error:
        raise SettingsError(mistakes_in(error, "HOMEOSTAT_")) from error
    _check_places(settings)
    return settings


def _check_places(settings: Settings) -> None:
    if (url := settings.database_url) is not None:
        kind, between, place = url.partition("://")
        if kind.split("+")[0] not in _DATABASES or not between or not place:
            # The rest of a URL may hold a password.
            detail = f"it begins with {kind[:20]!r}; write sqlite:///PATH or postgresql://HOST/NAME"
            raise SettingsError(f"HOMEOSTAT_DATABASE_URL: {detail}")
    if settings.kafka is not None and not _BROKERS.fullmatch(settings.kafka):
        detail = f"HOMEOSTAT_KAFKA={settings.kafka}: write HOST:PORT, several with commas between"
        raise SettingsError(detail)
