"""Sources of measurements beside the host: what is asked, how often, and for how long.

Each key is a list, and each entry is an agent of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import Field, model_validator

from config.sections import ID, Section, repeated

_URL: Final = r"^https?://[^\s/]+"


class Source(Section):
    """What all sources have in common.

    Parameters
    ----------
    name : str
        Its id as an agent.
    interval_s : float
        Time between two looks; they begin at whole multiples of it since the first one.
    timeout_s : float
        How long a look may take.
    """

    name: str = Field(pattern=ID)
    interval_s: float = Field(default=15.0, ge=1, le=3600)
    timeout_s: float = Field(default=10.0, gt=0, le=60)


class PrometheusSource(Source):
    """A program that exposes its metrics to Prometheus; it is scraped.

    Parameters
    ----------
    url : str
        Where it exposes them, such as ``http://127.0.0.1:9100/metrics``.
    metrics : list of str
        Patterns of the names to take, such as ``node_cpu_*``; those of a family's parts count too.
    labels : dict of str to str
        What labels of its series are called in the names of metrics; an empty name leaves one out.
    agent_type : str
        The agent's type.
    agent_labels : dict of str to str
        The agent's labels.
    token_file : Path
        A file with a bearer token, where one is asked for.
    username, password_file
        How to sign in, where a name and a password are asked for instead.
    ca_file : Path
        Certificates that its own is checked against, where its `url` begins with ``https``.
    """

    url: str = Field(pattern=_URL)
    metrics: list[str] = Field(default=["*"], min_length=1)
    labels: dict[str, str] = {}
    agent_type: str = Field(default="service", pattern=ID)
    agent_labels: dict[str, str] = {}
    token_file: Path | None = None
    username: str | None = Field(default=None, pattern=r"^[^:\s][^:]*$")
    password_file: Path | None = None
    ca_file: Path | None = None

    @model_validator(mode="after")
    def _one_way_in(self) -> PrometheusSource:
        if "@" in self.url.partition("//")[2].partition("/")[0]:
            raise ValueError("url holds credentials; use username and password_file instead")
        if (self.username is None) != (self.password_file is None):
            raise ValueError("username and password_file go together; give both, or neither")
        if self.token_file is not None and self.username is not None:
            raise ValueError("token_file and username are two ways to sign in; give one of them")
        return self


class KafkaSource(Source):
    """Another Kafka cluster: consumer lag, partitions, replicas, sizes.

    Parameters
    ----------
    bootstrap : str
        ``HOST:PORT[,HOST:PORT…]``.
    groups : list of str
        Patterns of the consumer groups to look at.
    security : str
        PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.
    sasl_mechanism, username, password_file
        How to sign in, where its security asks for it.
    ca_file : Path
        Certificates that its own is checked against.
    """

    interval_s: float = Field(default=30.0, ge=1, le=3600)
    bootstrap: str = Field(pattern=r"^[^\s,]+:\d+(,[^\s,]+:\d+)*$")
    groups: list[str] = Field(default=["*"], min_length=1)
    security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None

    @model_validator(mode="after")
    def _signs_in(self) -> KafkaSource:
        if self.security.startswith("SASL_") and not (self.username and self.password_file):
            raise ValueError(f"{self.security} needs a username and a password_file")
        return self


class PostgresqlSource(Source):
    """A database of PostgreSQL: what its statistics say.

    Parameters
    ----------
    dsn : str
        How to connect, as libpq has it: ``postgresql://reader@db.example/shop``. It needs the role
        ``pg_monitor`` to see what others do.
    password_file : Path
        A file with the password, where one is needed.
    slow_ms : float
        Statements that take longer on average are counted as slow.
    """

    interval_s: float = Field(default=30.0, ge=1, le=3600)
    dsn: str = Field(min_length=1)
    password_file: Path | None = None
    slow_ms: float = Field(default=500.0, gt=0)


class OllamaSource(Source):
    """A model server that speaks Ollama's protocol.

    Parameters
    ----------
    url : str
        Where it is, such as ``http://127.0.0.1:11434``.
    """

    url: str = Field(pattern=_URL)


class RedisSource(Source):
    """A cache that speaks Redis' protocol: hit rate, memory, clients.

    Parameters
    ----------
    address : str
        ``HOST:PORT``.
    username : str
        Who signs in, where its access list has other users than ``default``.
    password_file : Path
        A file with the password, where one is asked for.
    """

    address: str = Field(pattern=r"^\S+:\d+$")
    username: str | None = Field(default=None, min_length=1)
    password_file: Path | None = None

    @model_validator(mode="after")
    def _signs_in(self) -> RedisSource:
        if self.username is not None and self.password_file is None:
            raise ValueError("username needs a password_file")
        return self


class Sources(Section):
    """What else is measured, beside the host, its services and its probes.

    Parameters
    ----------
    prometheus : list of PrometheusSource
        Programs to scrape.
    kafka : list of KafkaSource
        Other clusters of Kafka.
    postgresql : list of PostgresqlSource
        Databases.
    ollama : list of OllamaSource
        Model servers.
    redis : list of RedisSource
        Caches.
    gpu : bool
        Whether ``nvidia-smi`` is asked; the cards are one agent, ``HOST-gpu``.
    own_kafka : bool
        Whether the installation's own broker is an agent, ``kafka``. Where several hosts have a
        node, one is enough.
    """

    prometheus: list[PrometheusSource] = []
    kafka: list[KafkaSource] = []
    postgresql: list[PostgresqlSource] = []
    ollama: list[OllamaSource] = []
    redis: list[RedisSource] = []
    gpu: bool = False
    own_kafka: bool = True

    @property
    def named(self) -> list[Source]:
        """All that are declared by name."""
        return [*self.prometheus, *self.kafka, *self.postgresql, *self.ollama, *self.redis]

    @model_validator(mode="after")
    def _unique(self) -> Sources:
        if twice := repeated(source.name for source in self.named):
            raise ValueError(f"names must be unique; twice: {', '.join(twice)}")
        return self
