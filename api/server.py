"""The API as a process: binds first, serves until told to stop, lets streams go at the end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Callable, Iterator
from typing import Final

import uvicorn

from api.app import create_app
from api.certificate import Certificate
from api.joining import JoiningProtocol
from api.middleware import LOOPBACK
from config.settings import Settings, SettingsError
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.kafka.ports import holder_of

_LOG: Final = logging.getLogger("homeostat.api")
GRACE_S: Final = 3
"""How long requests under way may take when the server goes down."""


async def run_api(
    settings: Settings,
    connection: Connection,
    signer: Signer,
    stop: asyncio.Event,
    *,
    listening: Callable[[int], None] = lambda _port: None,
) -> None:
    """Serve the API until `stop`.

    Parameters
    ----------
    settings : Settings
        ``api_host`` and ``api_port`` say where; port 0 takes any that is free.
    listening : callable
        Told the port once connections are accepted.

    Raises
    ------
    SettingsError
        If the port is taken (names the process that has it), or ``tokens.yaml`` or the
        certificate is wrong.
    """
    certificate = None if settings.tls is None else Certificate(*settings.tls)
    app = create_app(settings, connection, signer, hosts=settings.api_hosts)
    with bound(settings.api_host, settings.api_port) as server_socket:
        port = server_socket.getsockname()[1]
        scheme = "http" if certificate is None else "https"
        _LOG.info("the API listens on %s://%s:%d", scheme, settings.api_host, port)
        if certificate is None and settings.api_host not in LOOPBACK:
            _LOG.warning(
                "tokens pass in clear: set HOMEOSTAT_TLS_CERTIFICATE and HOMEOSTAT_TLS_KEY"
                ", or let a proxy in front of the API speak TLS"
            )
        config = uvicorn.Config(
            app,
            access_log=False,
            date_header=False,
            http=JoiningProtocol,
            lifespan="on",
            log_config=None,
            server_header=False,
            ssl_context_factory=None if certificate is None else lambda *_: certificate.context,
            timeout_graceful_shutdown=GRACE_S,
            ws="none",
        )
        server = _Server(config, stop, lambda: listening(port))
        await server.serve(sockets=[server_socket])


@contextlib.contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    """Give a socket that is bound, or say who has the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named, because asyncio turns Nagle's delay off only where it is: otherwise
    # every answer waits 40 ms for the client's acknowledgement of its headers.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((host, port))
            made.listen()
        except OSError as error:
            raise SettingsError(_why(host, port, error)) from error
        yield made


def _why(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"HOMEOSTAT_API_PORT={port} is taken by {holder_of(port)}; end it or choose another"
    return f"HOMEOSTAT_API_HOST={host}, HOMEOSTAT_API_PORT={port}: {error.strerror}"


class _Server(uvicorn.Server):
    """Waits for an event instead of waking ten times a second, and leaves signals alone."""

    def __init__(
        self, config: uvicorn.Config, stop: asyncio.Event, listening: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._stop = stop
        self._listening = listening

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        self._listening()
        await self._stop.wait()
        # Streams never end by themselves, and shutting down waits for them.
        services = self.config.app.state.services  # type: ignore[union-attr]
        await services.live.close()
