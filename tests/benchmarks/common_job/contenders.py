"""Who takes part, how each is started, and what it needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.common_job.step import RESULTS

_HERE = Path(__file__).parent
_STREAMS = "org.apache.kafka:kafka-streams:4.2.0"
_JVM = ("-Xmx2g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error")


class Absent(Exception):
    """Something that a peer needs is not there; the message names it."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of the table.

    Parameters
    ----------
    argv : callable
        Takes a folder of its own; returns the start of the command, which gets the broker's
        address, the topic and the number of records. May raise `Absent`.
    results : str
        The topic of its windows; empty where it writes none.
    slow : bool
        Whether it takes a tenth of the records, from a tenth of the agents.
    killed : bool
        Whether it is killed with SIGKILL half way, and started again.
    """

    argv: Callable[[Path], list[str]]
    results: str = ""
    slow: bool = False
    killed: bool = False


def _module(name: str) -> Callable[[Path], list[str]]:
    return lambda _: [sys.executable, "-m", f"tests.benchmarks.common_job.{name}"]


def _quix(folder: Path) -> list[str]:
    """Install Quix Streams from the package index into an environment that goes with `folder`."""
    venv.create(folder / "quix", with_pip=True)
    python = folder / "quix" / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "quixstreams", "msgspec"]
    if subprocess.run(install, check=False).returncode:
        raise Absent("quixstreams could not be installed from the package index")
    return [str(python), "-m", "tests.benchmarks.common_job.peers.quix"]


def _streams(mode: str) -> Callable[[Path], list[str]]:
    def argv(folder: Path) -> list[str]:
        javac = os.environ.get("JAVAC") or shutil.which("javac")
        if javac is None:
            raise Absent("no JDK of version 17 or later: put javac on PATH, or set JAVAC")
        classes, jars = folder / f"streams-{mode}", _class_path()
        source = _HERE / "peers" / "KafkaStreamsJob.java"
        subprocess.run([javac, "-cp", jars, "-d", str(classes), str(source)], check=True)
        java = str(Path(javac).resolve().with_name("java"))
        return [java, *_JVM, "-cp", f"{classes}:{jars}", "KafkaStreamsJob"]

    return argv


def _class_path() -> str:
    import jgo

    wanted = (_STREAMS, "org.slf4j:slf4j-simple:1.7.36")
    return ":".join(dict.fromkeys(str(a.resolve()) for each in wanted for a in jgo.resolve(each)))


def _results(peer: str) -> str:
    return f"{RESULTS.name}.{peer}"


CONTENDERS = {
    "bare aiokafka, decoding": Contender(_module("bare")),
    "homeostat": Contender(_module("ours"), RESULTS.name),
    "homeostat, killed half way": Contender(_module("ours"), RESULTS.name, killed=True),
    "kafka streams": Contender(_streams("plain"), _results("streams-plain")),
    "kafka streams, cached": Contender(_streams("cached"), _results("streams-cached")),
    "faust tables": Contender(_module("peers.faust_tables"), _results("faust"), slow=True),
    "quix streams": Contender(_quix, _results("quix"), slow=True),
}
OWN = ("bare aiokafka, decoding", "homeostat", "homeostat, killed half way")
