"""A whole installation as a user has it: `homeostat up` as a process, spoken to from outside."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import httpx
import psutil
import yaml

from streams.contracts.record import Record
from streams.contracts.telemetry import parse_time
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.kafka.log_reader import LogReader
from tests.ports import free_port

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
START_S = 180.0
_PR_SET_PDEATHSIG = 1
PATIENCE_S = 120.0
"""How long to wait for what must come: reached only where it never does, however busy a machine."""
_OVER = {"withheld", "refused", "finished"}


def _end_with_parent() -> None:
    """Ask the kernel for SIGTERM, once the process that started this one is gone."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))


class Installation:
    """One installation in `home`, with ports of its own and one declared service, ``web``.

    Parameters
    ----------
    home : Path
        An empty folder at first; kept between `stop` and `start`.
    """

    environment: Mapping[str, str] = MappingProxyType({})
    """Settings beside those of every installation."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.api_port, self.kafka_port, self.service_port = (free_port() for _ in range(3))
        self._log = home / "up.log"
        self._process: subprocess.Popen[bytes] | None = None
        home.mkdir(parents=True, exist_ok=True)
        self._config = home / "config.yaml"
        self._config.write_text(yaml.safe_dump(self._configuration()), encoding="utf-8")

    def _configuration(self) -> dict[str, Any]:
        address = f"http://127.0.0.1:{self.service_port}/"
        serve = ["-m", "http.server", str(self.service_port), "--bind", "127.0.0.1"]
        web = {
            "name": "web",
            "command": [sys.executable, *serve],
            "directory": str(self.home),
            "health": {"http": address, "interval_s": 0.5},
        }
        return {"host": "this-host", "host_interval_s": 1.0, "services": [web]}

    @property
    def connection(self) -> Connection:
        """How to reach its broker."""
        return Connection(f"127.0.0.1:{self.kafka_port}")

    @property
    def signer(self) -> Signer:
        """What only this installation can do."""
        return Signer((self.home / "secret").read_bytes().strip())

    @property
    def pid(self) -> int:
        """The process of `up`."""
        assert self._process is not None
        return self._process.pid

    @property
    def own(self) -> dict[str, str]:
        """The environment that makes a command speak of this installation."""
        return {
            "HOMEOSTAT_HOME": str(self.home),
            "HOMEOSTAT_API_PORT": str(self.api_port),
            "HOMEOSTAT_KAFKA_PORT": str(self.kafka_port),
            "HOMEOSTAT_CONFIG": str(self._config),
            **self.environment,
        }

    def start(self) -> None:
        """Run `up`; return when the API answers and the views follow the log."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [Path(sys.executable).with_name("homeostat"), "up"],
                cwd=ROOT,
                env=os.environ | self.own,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # A test process that crashes tears nothing down.
                preexec_fn=_end_with_parent,  # noqa: PLW1509
            )
        self.wait_for(self._answers, "answer of the API", START_S)

    def stop(self) -> None:
        """End it as a user would, and insist that no process of it is left."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE_S)
        finally:
            left = self.processes()
            for each in left:
                each.kill()
            psutil.wait_procs(left)
            process.wait()
        assert not left, f"left after SIGTERM: {left}\n{self.log_tail()}"
        assert process.returncode == 0, self.log_tail()

    def forget(self) -> None:
        """Take note that `up` was killed: `start` may follow."""
        process, self._process = self._process, None
        if process is not None:
            process.wait()

    def command(self, *argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run ``homeostat`` with `argv` against this installation; return how it ended."""
        return subprocess.run(
            [Path(sys.executable).with_name("homeostat"), *argv],
            cwd=ROOT,
            env=os.environ | self.own | environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def processes(self) -> list[psutil.Process]:
        """Return every living process that runs for this home, wherever it hangs in the tree."""
        return [each for each in psutil.process_iter() if self._owns(each)]

    def _owns(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            named = process.environ().get("HOMEOSTAT_HOME") == str(self.home)
            return named or any(str(self.home) in part for part in process.cmdline())
        except psutil.Error:
            return False  # it ended meanwhile, or belongs to somebody else

    def pids(self, role: str) -> list[int]:
        """Return the processes of a role: worker, projector, api, node or broker."""
        return [each.pid for each in self.processes() if _role(each) == role]

    def service_pid(self) -> int | None:
        """Return the process that serves ``web``, found by its port as anybody would."""
        found = [
            each.pid
            for each in psutil.process_iter(["cmdline"])
            if {"http.server", str(self.service_port)} <= set(each.info["cmdline"] or ())
        ]
        return found[0] if found else None

    def settled(self, beyond: Collection[str] = ()) -> set[str]:
        """Wait until ``web`` serves and nothing goes on about it; return its findings of a death.

        A death in the midst of a healing belongs to it and is told by no finding of its own; the
        first start is such a healing too.

        Parameters
        ----------
        beyond : collection of str
            Findings that are known already: another one must have come, and have ended.
        """
        return self.wait_for(lambda: self._settled(beyond), "end of the service's stories", START_S)

    def _settled(self, beyond: Collection[str]) -> set[str] | None:
        agent, pid = self.get("/agents/web"), self.service_pid()
        if agent is None or agent["metrics"].get("up") != 1 or pid is None:
            return None
        try:
            born = psutil.Process(pid).create_time()
        except psutil.Error:
            return None  # it ended meanwhile
        findings = self.get("/findings", agent="web", kind="service_down", limit=1000)["items"]
        actions = self.get("/actions", agent="web", limit=1000)["items"]
        over = all(each["ended_at"] for each in findings)
        done = all(each["state"] in _OVER for each in actions)
        known = {each["finding_id"] for each in findings}
        seen = parse_time(agent["last_seen"]) > born
        return known if seen and over and done and known - set(beyond) else None

    def get(self, path: str, **parameters: Any) -> Any:
        """Return the JSON at ``/api/v1`` + `path`, or None where it is not there (404)."""
        answer = self._request("GET", path, params=parameters)
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        return answer.json()

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the answer to a PUT of `body`; it must be accepted."""
        answer = self._request("PUT", path, json=body)
        answer.raise_for_status()
        return answer.json()

    def issued(self, name: str, role: str) -> dict[str, Any]:
        """Return a new token of the default tenant, as the API tells of it once."""
        body = {"name": name, "role": role, "lasts_s": 3600}
        answer = self._request("POST", "/tokens", json=body)
        answer.raise_for_status()
        made: dict[str, Any] = answer.json()
        return made

    def in_force(self, policy: Mapping[str, Any], reason: str) -> int:
        """Put `policy` in force; return its version once the views show it too.

        What is sent from here on is judged by it: the API answers when every inbox holds it.
        """
        version: int = self.put("/policy", {"policy": policy, "reason": reason})["version"]
        self.wait_for(lambda: self.get("/policy")["version"] >= version, f"policy {version}")
        return version

    def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        token = (self.home / "token").read_text(encoding="ascii").strip()
        return httpx.request(
            method,
            f"http://127.0.0.1:{self.api_port}/api/v1{path}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=PATIENCE_S,
            **options,
        )

    def wait_for(
        self, look: Callable[[], T | None], what: str, patience_s: float = PATIENCE_S
    ) -> T:
        """Return what `look` finds as soon as it is true; fail with the log where it never is."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                break
            try:
                if found := look():
                    return found
            except (httpx.HTTPError, FileNotFoundError):
                pass  # not up yet, or on its way back
            time.sleep(0.05)
        raise AssertionError(f"no {what} within {patience_s:g} s\n{self.log_tail()}")

    def _answers(self) -> bool:
        # The policy is the first fact of every log: once it shows, the views follow.
        return bool(self.get("/system/health") and self.get("/policy"))

    def log_text(self) -> str:
        """Return all that it printed."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def log_tail(self) -> str:
        """Return the end of what it printed."""
        text = self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""
        return text[-4000:]


def _role(process: psutil.Process) -> str:
    try:
        argv = process.cmdline()
    except psutil.Error:
        return ""
    if "api.cli.roles" in argv:
        return argv[-1]
    return "broker" if argv and Path(argv[0]).name == "java" else ""


def patient(policy: Mapping[str, Any]) -> dict[str, Any]:
    """Return a policy by which no agent of a test is offline only because the machine is busy."""
    presence = {"minimum_silence_s": 300.0, "maximum_silence_s": 300.0}
    watch = policy["surveillance"]
    return {
        **policy,
        "surveillance": {**watch, "presence": {**watch["presence"], **presence}},
    }


async def read_all(connection: Connection, topics: Iterable[str]) -> list[Record]:
    """Return every record that lies in `topics` now."""
    async with LogReader(connection) as reader:
        ends = await reader.end_offsets(list(topics))
        batches = reader.read(dict.fromkeys(ends, 0), ends)
        return [record async for records in batches for record in records]
