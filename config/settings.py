"""Settings of an installation, from the environment and one YAML file.

Read by entry points only; everything below is handed its values as arguments.
"""

from __future__ import annotations

import secrets
import socket
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import quote_plus

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.sources import Sources

SHORTEST_TOKEN: Final = 16
_ID: Final = r"^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,199}$"


class SettingsError(ValueError):
    """The environment or the configuration file cannot be used; says which key and why."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _exactly_one(**ways: str | bool | None) -> None:
    given = [name for name, value in ways.items() if value]
    if len(given) != 1:
        found = " and ".join(given) or "none"
        raise ValueError(f"give exactly one of {', '.join(ways)}; found {found}")


class HealthCheck(_Section):
    """How a service shows that it is well: exactly one of the three.

    Parameters
    ----------
    http : str
        A URL that must answer with `status` (default: below 400).
    tcp : str
        ``HOST:PORT`` that must accept.
    process : bool
        The process lives; no more is asked.
    status : int
        The status that an HTTP answer must have.
    body : str
        Text that an HTTP answer must contain.
    interval_s : float
        Time between two looks.
    timeout_s : float
        How long a look may take.
    failures : int
        Looks in a row that must fail before the service counts as down.
    """

    http: str | None = None
    tcp: str | None = None
    process: bool = False
    status: int | None = None
    body: str | None = None
    interval_s: float = Field(default=5.0, ge=0.2, le=3600)
    timeout_s: float = Field(default=2.0, gt=0, le=60)
    failures: int = Field(default=2, ge=1, le=100)

    @model_validator(mode="after")
    def _one(self) -> HealthCheck:
        _exactly_one(http=self.http, tcp=self.tcp, process=self.process)
        return self


class Service(_Section):
    """A service that is declared, started, watched and healed.

    Parameters
    ----------
    name : str
        Its id as an agent.
    command : list of str
        An argv list; never given to a shell.
    directory : Path
        Where it runs; unset, where `up` runs.
    environment : dict of str to str
        Its variables, on top of PATH, HOME and LANG; nothing else is handed on.
    user : str
        Whom it runs as; it takes root to name another.
    health : HealthCheck
        How it shows that it is well.
    depends_on : list of str
        Services that must be well before it is started.
    group : str
        Of a group, only a share may be worked on at once; see `limits.blast_radius`.
    start_s : float
        How long it may take from start to well.
    stop_s : float
        How long it may take from SIGTERM to its end before it is killed.
    detach : bool
        Whether it lives on when `up` ends.
    autostart : bool
        Whether it is started with the node; otherwise when somebody asks for it.
    """

    name: str = Field(pattern=_ID)
    command: list[str] = Field(min_length=1)
    directory: Path | None = None
    environment: dict[str, str] = {}
    user: str | None = None
    health: HealthCheck = HealthCheck(process=True)
    depends_on: list[str] = []
    group: str = ""
    start_s: float = Field(default=10.0, gt=0, le=600)
    stop_s: float = Field(default=5.0, gt=0, le=600)
    detach: bool = False
    autostart: bool = True


class Probe(_Section):
    """Something watched from outside that is not ours to start: exactly one of the first five.

    Parameters
    ----------
    http : str
        A URL that must answer with `status` (default: below 400) and contain `body`.
    tcp : str
        ``HOST:PORT`` that must accept.
    process : str
        A pid, or text that the command line of a living process contains.
    systemd : str
        A unit that must be active.
    websocket : str
        A ``ws://`` or ``wss://`` URL that must answer a ping, see `ping`.
    ping : str
        ``control`` sends a ping frame and wants its pong; ``text`` and ``binary`` send a message
        and want any message back.
    name : str
        Its id as an agent.
    status : int
        The status that an HTTP answer must have.
    body : str
        Text that an HTTP answer must contain.
    interval_s : float
        Time between two looks.
    timeout_s : float
        How long a look may take.
    """

    name: str = Field(pattern=_ID)
    http: str | None = None
    tcp: str | None = None
    process: str | None = None
    systemd: str | None = Field(default=None, pattern=r"^[A-Za-z0-9:_.@\\-]{1,255}$")
    websocket: str | None = Field(default=None, pattern=r"^wss?://")
    ping: Literal["control", "text", "binary"] = "control"
    status: int | None = None
    body: str | None = None
    interval_s: float = Field(default=30.0, ge=1, le=3600)
    timeout_s: float = Field(default=5.0, gt=0, le=60)

    @model_validator(mode="after")
    def _one(self) -> Probe:
        _exactly_one(
            http=self.http,
            tcp=self.tcp,
            process=self.process,
            systemd=self.systemd,
            websocket=self.websocket,
        )
        return self


class Housekeeping(_Section):
    """What host actions may touch: nothing outside these roots.

    Parameters
    ----------
    log_globs : list of str
        Patterns of log files that may be rotated.
    cache_directories : list of Path
        Folders whose content may be cleared.
    rotate_above_mb : float
        Size from which a log file is rotated.
    keep_rotated : int
        Rotated copies of a file that are kept.
    """

    log_globs: list[str] = []
    cache_directories: list[Path] = []
    rotate_above_mb: float = 100.0
    keep_rotated: int = 5


class Configuration(_Section):
    """The YAML file that ``HOMEOSTAT_CONFIG`` names.

    Parameters
    ----------
    host : str
        This host's id as an agent; unset, the machine's name.
    tenant : str
        Whose the host, its services and its probes are.
    services : list of Service
        What is started, watched and healed.
    probes : list of Probe
        What is watched from outside.
    sources : Sources
        What else is measured: exporters, brokers, databases, model servers, caches.
    housekeeping : Housekeeping
        What actions on the host may touch.
    host_interval_s : float
        Time between two heartbeats of the host.
    protected : list of str
        Command-line texts of processes that no action may ever touch.
    """

    host: str | None = Field(default=None, pattern=_ID)
    tenant: str = Field(default="default", pattern=_ID)
    services: list[Service] = []
    probes: list[Probe] = []
    sources: Sources = Sources()
    housekeeping: Housekeeping = Housekeeping()
    host_interval_s: float = Field(default=5.0, ge=1, le=3600)
    protected: list[str] = []

    @field_validator("services")
    @classmethod
    def _unique(cls, services: list[Service]) -> list[Service]:
        names = [service.name for service in services]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"service names must be unique; twice: {', '.join(sorted(twice))}")
        for service in services:
            unknown = set(service.depends_on) - set(names)
            if unknown:
                raise ValueError(
                    f"{service.name} depends on undeclared {', '.join(sorted(unknown))}"
                )
        return services

    @model_validator(mode="after")
    def _apart(self) -> Configuration:
        others = {each.name for each in self.services} | {each.name for each in self.probes}
        if twice := others & {source.name for source in self.sources.named}:
            detail = "a source needs a name that no service and no probe has; twice"
            raise ValueError(f"{detail}: {', '.join(sorted(twice))}")
        return self


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
        password = quote_plus(_content("DATABASE_PASSWORD_FILE", self.database_password_file))
        return f"{scheme}://{user}:{password}@{place}"

    @property
    def kafka_secret(self) -> str | None:
        """The password for an outside broker, from the environment or from its file."""
        if self.kafka_password_file is not None:
            return _content("KAFKA_PASSWORD_FILE", self.kafka_password_file)
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
        token = _content("SCRAPE_TOKEN_FILE", self.scrape_token_file)
        if len(token) < SHORTEST_TOKEN:
            detail = f"a token needs at least {SHORTEST_TOKEN} characters; it has {len(token)}"
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
            raise SettingsError(f"HOMEOSTAT_CONFIG={self.config}: {_told(error)}") from error
        except (OSError, yaml.YAMLError) as error:
            raise SettingsError(f"HOMEOSTAT_CONFIG={self.config}: {error}") from error

    def secret(self) -> bytes:
        """Return the installation's secret, made on first use and readable by its owner only."""
        return read_or_make(self.home / "secret")

    def token(self) -> str:
        """Return the first API token, made on first use and readable by its owner only."""
        return read_or_make(self.home / "token").decode("ascii")


def _content(variable: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"HOMEOSTAT_{variable}={path}: {error.strerror}") from error


def host_name(configuration: Configuration) -> str:
    """Return this host's agent id: the configured one, or the machine's name made valid."""
    name = configuration.host or socket.gethostname()
    valid = "".join(c if (c.isalnum() and c.isascii()) or c in "._:@+-" else "-" for c in name)
    return valid.lstrip("._:@+-") or "host"


def read_or_make(path: Path) -> bytes:
    """Return the secret in `path`; make one of 256 bits where there is none, mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    if not path.exists():
        made.touch(mode=0o600)
        made.write_text(secrets.token_urlsafe(32), encoding="ascii")
        try:
            path.hardlink_to(made)  # only one process wins, whole or not at all
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_bytes().strip()


def settings_from_environment(**changes: Any) -> Settings:
    """Return the settings, or raise `SettingsError` naming the variable that is wrong."""
    try:
        return Settings(**changes)
    except ValidationError as error:
        raise SettingsError(_told(error, "HOMEOSTAT_")) from error


def _told(error: ValidationError, prefix: str = "") -> str:
    """Return each mistake with its key, its value and what is wrong with it."""
    told = []
    for one in error.errors():
        key = ".".join(str(part) for part in one["loc"])
        named = prefix + key.upper() if prefix else key or "the file"
        unknown = one["type"] == "extra_forbidden"
        what = (
            "is no known key; `homeostat guide reference` has them all" if unknown else one["msg"]
        )
        value = "" if unknown or one["type"] == "missing" else f" (it is {one['input']!r:.80})"
        told.append(f"{named}: {what}{value}")
    return "; ".join(told)
