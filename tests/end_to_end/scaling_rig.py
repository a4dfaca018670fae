"""An installation whose number of workers changes while it works."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter
from types import MappingProxyType

import psutil

from tests.end_to_end.harness import ROOT
from tests.end_to_end.soak_rig import Stressed

PATIENCE_S = 120.0


class Scaled(Stressed):
    """One worker of its own, and as many beside it as are asked for."""

    environment = MappingProxyType({"HOMEOSTAT_WORKERS": "1"})
    _beside: dict[int, subprocess.Popen[bytes]]

    def scale(self, count: int) -> None:
        """Have `count` workers; return when each of them folds records."""
        self._beside = getattr(self, "_beside", {})
        for slot in [slot for slot in self._beside if slot >= count]:
            self._leave(slot)
        for slot in range(1, count):
            if slot not in self._beside:
                self._beside[slot] = self._join(slot)
        for slot in range(count):
            self.wait_for(lambda s=slot: self._folds(s), f"record of worker {slot}", PATIENCE_S)

    def _join(self, slot: int) -> subprocess.Popen[bytes]:
        with (self.home / f"worker-{slot}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "api.cli.roles", "worker"],
                cwd=ROOT,
                env=os.environ | self.own | {"HOMEOSTAT_SLOT": str(slot)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _leave(self, slot: int) -> None:
        worker = self._beside.pop(slot)
        worker.send_signal(signal.SIGTERM)
        try:
            status = worker.wait(PATIENCE_S)
        finally:
            worker.kill()
        assert status == 0, (self.home / f"worker-{slot}.log").read_text()

    def _folds(self, slot: int) -> bool:
        worker = self.get(f"/agents/worker-{slot}")
        return bool(worker) and worker["metrics"].get("records_per_s", 0.0) > 0

    def stop(self) -> None:
        """End it, and the workers beside it first; one that ends badly leaves nobody running."""
        with contextlib.ExitStack() as ending:
            ending.callback(super().stop)
            for slot in getattr(self, "_beside", {}):
                ending.callback(self._leave, slot)

    def cpu_s(self) -> Counter[str]:
        """Return the processor time that each role has used so far, in seconds."""
        used: Counter[str] = Counter()
        for role in ("broker", "worker", "projector", "api", "node"):
            for pid in self.pids(role):
                times = psutil.Process(pid).cpu_times()
                used[role] += times.user + times.system
        return used
