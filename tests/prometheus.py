"""A real Prometheus server, as Debian packages it, that scrapes itself every second."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.ports import free_port

needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="prometheus is not installed here"
)
_PATIENCE_S = 120.0


@contextmanager
def prometheus(folder: Path, **configuration: Any) -> Iterator[str]:
    """Run a server with `configuration` beside its own scrape; gives its ``HOST:PORT``."""
    address = f"127.0.0.1:{free_port()}"
    scrape = {"job_name": "prometheus", "static_configs": [{"targets": [address]}]}
    plain = {"global": {"scrape_interval": "1s"}, "scrape_configs": [scrape], **configuration}
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(plain), encoding="utf-8")
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={file}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={address}",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _until_ready(process, f"http://{address}/-/ready", folder)
        yield address
    finally:
        process.kill()
        process.wait()


def _until_ready(process: subprocess.Popen[bytes], url: str, folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass  # not listening yet
        time.sleep(0.05)
    raise AssertionError((folder / "prometheus.log").read_text(errors="replace")[-2000:])
