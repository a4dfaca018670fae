"""What the embedded broker keeps on disk, and how it is first laid out."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from streams.kafka.errors import BrokerError
from streams.kafka.ports import LOOPBACK

_TEMPLATE: Final = Path(__file__).with_name("server.properties")
_LONGEST_LOG: Final = 16 << 20
_FORMAT_S: Final = 60.0
SPOKEN: Final = {"LC_ALL": "C.UTF-8"}
"""Without it, Java would not find files whose names are more than ASCII in a bare environment."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A broker process that was started, and by whom; pids alone are reused.

    Parameters
    ----------
    pid, supervisor_pid : int
        The broker and the process that started it.
    created, supervisor_created : float
        When each was created, in seconds since the epoch.
    controller_port : int
        Where its controller listens.
    """

    pid: int
    created: float
    supervisor_pid: int
    supervisor_created: float
    controller_port: int


class BrokerHome:
    """The folder of one embedded broker.

    Parameters
    ----------
    path : Path
        Made where it is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.data = self.path / "data"
        self.log = self.path / "broker.log"
        self.properties = self.path / "server.properties"
        self._process = self.path / "process.json"
        self._cluster = self.path / "cluster-id"

    def recorded(self) -> Recorded | None:
        """Return the broker process that was last started here."""
        if not self._process.exists():
            return None
        try:
            return Recorded(**json.loads(self._process.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            detail = f"{self._process} is damaged ({error}); end its broker, if any, and remove it"
            raise BrokerError(detail) from error

    def record(self, process: Recorded) -> None:
        """Keep what is needed to recognise the process after a crash of its supervisor."""
        _replace(self._process, json.dumps(asdict(process)))

    def write_properties(self, port: int, controller_port: int) -> None:
        """Generate the broker's settings."""
        text = _TEMPLATE.read_text(encoding="utf-8").format(
            host=LOOPBACK, port=port, controller_port=controller_port, data=self.data.name
        )
        self.path.mkdir(parents=True, exist_ok=True)
        self._take_back()
        _replace(self.properties, text)

    def _take_back(self) -> None:
        """Move here what a broker kept under a name misread: settings were Latin-1 to it."""
        misread = Path(str(self.data).encode("utf-8").decode("latin-1"))
        if misread.exists() and not self.data.exists():
            shutil.move(misread, self.data)

    def rotate_log(self) -> None:
        """Put a long log aside, so that two files bound what it takes."""
        if self.log.exists() and self.log.stat().st_size > _LONGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))

    def log_tail(self) -> str:
        """Return the last lines that the broker wrote."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - 2000))
            return file.read().decode("utf-8", "replace").strip()

    @property
    def formatted(self) -> bool:
        """Whether the storage was laid out, wholly."""
        files = ("meta.properties", "bootstrap.checkpoint")
        return all((self.data / name).exists() for name in files)

    def format(self, java: list[str]) -> None:
        """Lay out the storage under an id that stays the same when this is interrupted.

        Parameters
        ----------
        java : list of str
            The command up to, and without, the main class.
        """
        if not self._cluster.exists():
            _replace(self._cluster, base64.urlsafe_b64encode(uuid.uuid4().bytes)[:22].decode())
        tool = ["kafka.tools.StorageTool", "format", "--ignore-formatted"]
        # As one argument, an id may begin with a dash.
        cluster = f"--cluster-id={self._cluster.read_text(encoding='utf-8')}"
        done = subprocess.run(
            [*java, *tool, cluster, "--config", str(self.properties)],
            cwd=self.path, env=os.environ | SPOKEN,
            capture_output=True, text=True, timeout=_FORMAT_S, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            detail = f"the broker's storage in {self.data} could not be formatted: {done.stderr}"
            raise BrokerError(detail.strip()[-2000:])


def _replace(path: Path, text: str) -> None:
    made = path.with_name(f".{path.name}.new")
    made.write_text(text, encoding="utf-8")
    made.replace(path)
