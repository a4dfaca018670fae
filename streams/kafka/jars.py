"""Fetches the jars that the installation runs, each pinned by its SHA-256.

The pins name Maven coordinates, so nothing is resolved at run time: what was resolved once is
what is fetched. The folder is shared by all installations of an account.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from streams.kafka.errors import JarError

Reporter = Callable[[str], None]

KAFKA: Final = "org.apache.kafka:kafka_2.13:4.2.0"
LOGGING: Final = "org.slf4j:slf4j-simple:1.7.36"
"""Kafka names no logging back end of its own; without one its errors vanish."""
PINS: Final = Path(__file__).with_name("jars.yaml")
_CONNECTIONS: Final = 8
_WRITABLE: Final = "to a folder that can be written to"


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned file.

    Parameters
    ----------
    coordinate : str
        ``group:artifact:version``.
    size : int
        Bytes.
    sha256 : str
        In hexadecimal.
    """

    coordinate: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """The file's name.

        Examples
        --------
        >>> Jar("org.yaml:snakeyaml:2.4", 0, "").name
        'snakeyaml-2.4.jar'
        """
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def pinned(path: Path = PINS) -> list[Jar]:
    """Return the pins in `path`, in the order of the class path."""
    plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [Jar(coordinate, int(pin["size"]), pin["sha256"]) for coordinate, pin in plain.items()]


def shared_folder() -> Path:
    """Return where the jars of this version are kept for all installations of the account."""
    return shared_cache() / f"kafka-{KAFKA.rpartition(':')[2]}"


def shared_cache() -> Path:
    """Return the folder of everything that is fetched once for an account.

    Raises
    ------
    JarError
        If the account has no home folder, and nothing else is named.
    """
    try:
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError as error:
        detail = f"this account has no home folder: set HOME, or XDG_CACHE_HOME, {_WRITABLE}"
        raise JarError(detail) from error
    return Path(cache) / "homeostat"


def ensure_jars(
    folder: Path, jars: list[Jar], report: Reporter, what: str = "Apache Kafka"
) -> list[Path]:
    """Return the paths of `jars` in `folder`, fetching what is missing.

    A file that is there and has the pinned size was verified when it was fetched.

    Raises
    ------
    JarError
        If a jar cannot be fetched, cannot be kept, or has another checksum than the pinned one.
    """
    missing = [jar for jar in jars if not _stands(folder / jar.name, jar)]
    if missing:
        _make(folder)
        megabytes = sum(jar.size for jar in missing) / 1e6
        report(f"fetching {what}: {len(missing)} jars, {megabytes:.0f} MB")
        with (
            tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as repository,
            ThreadPoolExecutor(_CONNECTIONS) as pool,
        ):
            fetched = pool.map(lambda jar: _fetch(jar, folder, Path(repository)), missing)
            for done, jar in enumerate(fetched, start=1):
                if done % 15 == 0 or done == len(missing):
                    report(f"fetched {done} of {len(missing)} jars ({jar.name})")
    return [folder / jar.name for jar in jars]


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        detail = f"{folder} cannot be made ({error.strerror}): set XDG_CACHE_HOME {_WRITABLE}"
        raise JarError(detail) from error


def local_repositories() -> list[Path]:
    """Return the account's own Maven repository, whose jars need not be fetched again."""
    from jgo.constants import default_maven_repo

    return [Path(default_maven_repo())]


def _stands(path: Path, jar: Jar) -> bool:
    return path.is_file() and path.stat().st_size == jar.size


def drop_damaged(folder: Path, jars: list[Jar]) -> list[str]:
    """Remove those of `jars` in `folder` that are not what was fetched; return their names."""
    damaged = [jar.name for jar in jars if _digest(folder / jar.name) != jar.sha256]
    for name in damaged:
        (folder / name).unlink()
    return damaged


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(jar: Jar, folder: Path, repository: Path) -> Jar:
    import requests
    from jgo.config import GlobalSettings
    from jgo.maven import MavenContext
    from jgo.maven._core import DEFAULT_REMOTE_REPOS

    settings = GlobalSettings.load()
    context = MavenContext(
        repo_cache=repository,
        local_repos=local_repositories(),
        remote_repos=DEFAULT_REMOTE_REPOS | settings.repositories,
    )
    group, artifact, version = jar.coordinate.split(":")
    try:
        found = context.project(group, artifact).at_version(version).artifact().resolve()
    except (requests.RequestException, RuntimeError, OSError) as error:
        detail = f"{jar.coordinate} could not be fetched ({error}); check the network and try again"
        raise JarError(detail) from error
    _verify(found, jar)
    # A rename is whole or not at all, also with several installations fetching at once.
    whole = repository / jar.name
    shutil.copyfile(found, whole)
    whole.replace(folder / jar.name)
    return jar


def _verify(path: Path, jar: Jar) -> None:
    digest = _digest(path)
    if digest != jar.sha256:
        detail = f"{path} has SHA-256 {digest}, pinned is {jar.sha256}; it is not used"
        raise JarError(detail)


def resolve_pins() -> str:
    """Resolve the jars anew and return the text of the file of pins (needs the network)."""
    import jgo

    lines = []
    for artifact in {str(a): a for e in (KAFKA, LOGGING) for a in jgo.resolve(e)}.values():
        path = Path(artifact.resolve())
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        coordinate = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
        lines.append(f"{coordinate}: {{size: {path.stat().st_size}, sha256: {digest}}}\n")
    return "".join(sorted(lines))


if __name__ == "__main__":
    PINS.write_text(resolve_pins(), encoding="utf-8")
