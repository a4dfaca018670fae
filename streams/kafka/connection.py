"""How clients reach the broker: the embedded one, or one outside with TLS and SASL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from config.settings import Settings, SettingsError

if TYPE_CHECKING:
    from streams.traces.tracer import Tracer

SECURITY: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
SASL: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
EMBEDDED_SESSION_S: Final = 2.0
"""The embedded broker allows a second; twice that bears a busy machine."""
OUTSIDE_SESSION_S: Final = 6.0
"""The least that a broker allows unless it is told otherwise."""
HEARTBEATS: Final = 5
"""To a session: some may be late without anybody taking the member for dead."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the broker is and how to prove who we are.

    Parameters
    ----------
    bootstrap : str
        ``HOST:PORT[,HOST:PORT…]``.
    security : str
        PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.
    sasl_mechanism : str
        PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; used with SASL only.
    username, password : str or None
        Needed with SASL.
    ca_file : Path or None
        Authorities to trust with TLS; None trusts the system's.
    session_s : float
        How long a worker may be silent before its partitions go to others; not below the
        broker's ``group.min.session.timeout.ms``.
    traces : str or None
        A collector that is told by OTLP over HTTP what follows from what; None tells nobody.

    Raises
    ------
    SettingsError
        If the parts do not fit each other; names the variable.
    """

    bootstrap: str
    security: str = "PLAINTEXT"
    sasl_mechanism: str = "SCRAM-SHA-512"
    username: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    session_s: float = OUTSIDE_SESSION_S
    traces: str | None = None

    def __post_init__(self) -> None:
        _one_of("HOMEOSTAT_KAFKA_SECURITY", self.security, SECURITY)
        if not self.sasl:
            return
        _one_of("HOMEOSTAT_KAFKA_SASL_MECHANISM", self.sasl_mechanism, SASL)
        given = {"USERNAME": self.username, "PASSWORD": self.password}
        for name in (name for name, value in given.items() if not value):
            raise SettingsError(f"HOMEOSTAT_KAFKA_{name} must be set with {self.security}")

    @property
    def sasl(self) -> bool:
        """Whether a user name and password are sent."""
        return self.security.startswith("SASL_")

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted and the broker's certificate checked."""
        return self.security.endswith("SSL")

    @classmethod
    def from_settings(cls, settings: Settings) -> Connection:
        """Return the connection that the environment describes."""
        if settings.kafka is None:
            session_s = settings.session_s or EMBEDDED_SESSION_S
            return cls(settings.bootstrap, session_s=session_s, traces=settings.otlp_endpoint)
        return cls(
            settings.kafka,
            settings.kafka_security,
            settings.kafka_sasl_mechanism,
            settings.kafka_username,
            settings.kafka_secret,
            settings.kafka_ca_file,
            settings.session_s or OUTSIDE_SESSION_S,
            settings.otlp_endpoint,
        )

    def tracer(self) -> Tracer | None:
        """Return what tells of written events; None, and nothing is imported, without `traces`."""
        if self.traces is None:
            return None
        from streams.traces.tracer import tracer_for

        return tracer_for(self.traces)

    def client_options(self) -> Mapping[str, Any]:
        """Return the keyword arguments that every aiokafka client takes."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.security,
        }
        if self.tls:
            options["ssl_context"] = self._tls_context()
        if self.sasl:
            options |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return options

    def _tls_context(self) -> Any:
        import ssl

        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise SettingsError(f"HOMEOSTAT_KAFKA_CA_FILE={self.ca_file}: {error}") from error

    def __repr__(self) -> str:
        # A password never reaches a log.
        return f"Connection({self.bootstrap!r}, {self.security}, user={self.username!r})"


def _one_of(variable: str, value: str, valid: tuple[str, ...]) -> None:
    if value not in valid:
        raise SettingsError(f"{variable}={value!r} is unknown; use one of {', '.join(valid)}")
