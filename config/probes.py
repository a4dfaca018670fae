"""What is watched from outside, and is not ours to start."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from config.sections import ID, Section, exactly_one


class Probe(Section):
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

    name: str = Field(pattern=ID)
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
        exactly_one(
            http=self.http,
            tcp=self.tcp,
            process=self.process,
            systemd=self.systemd,
            websocket=self.websocket,
        )
        return self
