"""The two ways out: straight to Kafka, or over HTTP to the API."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, Protocol

from streams.contracts.record import Outgoing
from streams.contracts.topics import TELEMETRY

_PASSING: Final = frozenset({401, 403, 404, 408, 425, 429})
"""Answers below 500 that may change without a change of the heartbeat."""
_ATTEMPT_S: Final = 5.0


class Away(Exception):
    """Nobody took the heartbeats; try again later."""


class Refused(Exception):
    """The receiver will never take these heartbeats."""


class Transport(Protocol):
    """Takes encoded heartbeats of one agent to where they are read."""

    async def send(self, batch: Sequence[bytes]) -> None:
        """Return when all are acknowledged; raise `Away` or `Refused`."""

    async def close(self) -> None:
        """Let go of connections."""


class KafkaTransport:
    """Writes to the topic of telemetry, keyed by the agent.

    Parameters
    ----------
    bootstrap : str
        ``HOST:PORT[,HOST:PORT…]``.
    key : str
        ``tenant/agent``.
    """

    def __init__(self, bootstrap: str, key: str) -> None:
        self._bootstrap = bootstrap
        self._key = key.encode()
        self._publisher: Any = None

    async def send(self, batch: Sequence[bytes]) -> None:
        """Publish `batch` in order."""
        from streams.kafka.connection import Connection
        from streams.kafka.errors import PublishError, RecordTooLarge
        from streams.kafka.publisher import Publisher

        if self._publisher is None:
            self._publisher = Publisher(Connection(self._bootstrap), timeout_s=_ATTEMPT_S)
        try:
            await self._publisher.publish(
                [Outgoing(TELEMETRY.name, self._key, value) for value in batch]
            )
        except RecordTooLarge as error:
            raise Refused(str(error)) from error
        except PublishError as error:
            raise Away(str(error)) from error

    async def close(self) -> None:
        """Disconnect."""
        if self._publisher is not None:
            await self._publisher.stop()


class HttpTransport:
    """Posts lists of heartbeats to the API.

    Parameters
    ----------
    url : str
        The API's address, such as ``http://127.0.0.1:8000``.
    token : str
        A bearer token that may write telemetry.
    """

    def __init__(self, url: str, token: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"api={url!r}; give an address that begins with http:// or https://")
        self._url = f"{url.rstrip('/')}/api/v1/telemetry"
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    async def send(self, batch: Sequence[bytes]) -> None:
        """Post `batch` as one request."""
        await asyncio.to_thread(self._post, b'{"heartbeats":[' + b",".join(batch) + b"]}")

    def _post(self, body: bytes) -> None:
        from http.client import HTTPException
        from urllib.error import HTTPError
        from urllib.request import Request, urlopen

        # The constructor admits no other scheme than HTTP.
        request = Request(self._url, body, self._headers, method="POST")  # noqa: S310
        try:
            with urlopen(request, timeout=_ATTEMPT_S) as answer:  # noqa: S310
                answer.read()
        except HTTPError as error:
            with error:
                kind = Away if error.code >= 500 or error.code in _PASSING else Refused
                detail = error.read(500).decode(errors="replace")
            raise kind(f"{self._url} answered {error.code}: {detail}") from None
        except (OSError, HTTPException) as error:
            raise Away(f"{self._url} did not answer: {error}") from error

    async def close(self) -> None:
        """Do nothing: every request has a connection of its own."""


def transport_for(key: str, kafka: str | None, api: str | None, token: str | None) -> Transport:
    """Return the transport that exactly one of `kafka` and `api` names.

    Raises
    ------
    ValueError
        If both or neither are given, or `api` without `token`.
    """
    if (kafka is None) == (api is None):
        raise ValueError("give either kafka='HOST:PORT' or api='http://HOST:PORT'")
    if kafka is not None:
        return KafkaTransport(kafka, key)
    if not token:
        raise ValueError("token must be given with api; it lies in the installation's home")
    return HttpTransport(api or "", token)
