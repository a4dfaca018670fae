"""Services that are declared, started, watched and healed."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import TopologicalSorter
from pathlib import Path

from pydantic import Field, model_validator

from config.sections import ID, Section, exactly_one


class HealthCheck(Section):
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
        exactly_one(http=self.http, tcp=self.tcp, process=self.process)
        return self


class Service(Section):
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
    log_mb : float
        How much of its output is kept, in megabytes; when there is more, the older half goes.
    detach : bool
        Whether it lives on when `up` ends.
    autostart : bool
        Whether it is started with the node; otherwise when somebody asks for it.
    """

    name: str = Field(pattern=ID)
    command: list[str] = Field(min_length=1)
    directory: Path | None = None
    environment: dict[str, str] = {}
    user: str | None = None
    health: HealthCheck = HealthCheck(process=True)
    depends_on: list[str] = []
    group: str = ""
    start_s: float = Field(default=10.0, gt=0, le=600)
    stop_s: float = Field(default=5.0, gt=0, le=600)
    log_mb: float = Field(default=500.0, ge=0.1, le=1e6)
    detach: bool = False
    autostart: bool = True


def longest_stop_s(services: Sequence[Service]) -> float:
    """Return how long it may take until the last of `services` is killed, dependents first.

    Examples
    --------
    >>> web = Service(name="web", command=["web"], depends_on=["db"], stop_s=20)
    >>> longest_stop_s([web, Service(name="db", command=["db"]), Service(name="x", command=["x"])])
    25.0
    """
    by_name = {service.name: service for service in services}
    # Dependencies come first, so each is known when what depends on it is added up.
    order = TopologicalSorter({name: each.depends_on for name, each in by_name.items()})
    total: dict[str, float] = {}
    for name in order.static_order():
        below = (total[needed] for needed in by_name[name].depends_on)
        total[name] = by_name[name].stop_s + max(below, default=0.0)
    return max(total.values(), default=0.0)
