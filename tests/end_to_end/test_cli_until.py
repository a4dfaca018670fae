"""The views of a past moment in a database of their own, held against what `as_of` says of it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.harness import PATIENCE_S, ROOT, Installation
from tests.ports import free_port

LISTS = ("/agents", "/findings", "/actions")
NOT_KEPT = {"updated_at", "metrics", "last_seen", "last_check", "uptime_s", "restarts"}
"""What moves with every heartbeat: `as_of` tells the closed windows of it, the views the latest."""


def now() -> str:
    return datetime.now(UTC).isoformat()


def healed(homeostat: Installation) -> str:
    """Kill the service, wait until its story has ended, and return the moment after."""
    known = homeostat.settled()
    os.kill(homeostat.wait_for(homeostat.service_pid, "service"), signal.SIGKILL)
    homeostat.settled(known)
    return now()


@contextmanager
def reading(homeostat: Installation, database: Path) -> Iterator[str]:
    """Run an API of the same installation over another database; give its address."""
    port = free_port()
    other = {"HOMEOSTAT_DATABASE_URL": f"sqlite:///{database}", "HOMEOSTAT_API_PORT": str(port)}
    homeostat_command = Path(sys.executable).with_name("homeostat")
    with subprocess.Popen(
        [homeostat_command, "role", "api"],
        cwd=ROOT,
        env=os.environ | homeostat.own | other,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            homeostat.wait_for(
                lambda: httpx.get(f"{address}/healthz").status_code == 200, "second API"
            )
            yield address
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def shown(homeostat: Installation, base: str, path: str, **parameters: str) -> list[dict[str, Any]]:
    token = (homeostat.home / "token").read_text(encoding="ascii").strip()
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.get(
        f"{base}/api/v1{path}",
        params={"limit": 1000, **parameters},
        headers=headers,
        timeout=PATIENCE_S,
    )
    answer.raise_for_status()
    return [_kept(item) for item in answer.json()["items"]]


def _kept(item: Any) -> Any:
    """Return an item without what moves, on every level."""
    if not isinstance(item, dict):
        return item
    return {name: _kept(value) for name, value in item.items() if name not in NOT_KEPT}


async def test_the_views_of_a_moment_are_what_as_of_says(
    homeostat: Installation, tmp_path: Path
) -> None:
    moment = await asyncio.to_thread(healed, homeostat)
    later = await asyncio.to_thread(healed, homeostat)
    live = f"http://127.0.0.1:{homeostat.api_port}"
    for number, at in enumerate((moment, later)):
        database = tmp_path / f"then-{number}.db"
        argv = ("projections", "rebuild", "--until", at, "--into", str(database))
        done = await asyncio.to_thread(homeostat.command, *argv)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "folding facts" in done.stdout
        assert "s left" in done.stdout
        assert f"{database} holds the views as of {at[:19]}" in done.stdout
        with reading(homeostat, database) as then:
            for path in LISTS:
                assert shown(homeostat, then, path) == shown(homeostat, live, path, as_of=at), path


def test_a_position_and_a_database_are_checked(homeostat: Installation, tmp_path: Path) -> None:
    receipt = homeostat.command("publish", "web-until", "cpu_usage=1", "--json")
    position = httpx.Response(200, content=receipt.stdout).json()["position"]
    into = str(tmp_path / "then.db")
    done = homeostat.command("projections", "rebuild", "--until", position, "--into", into)
    assert done.returncode == 0, done.stdout + done.stderr
    again = homeostat.command("projections", "rebuild", "--until", position, "--into", into)
    assert again.returncode == 2
    assert "holds views already; name one that is empty" in again.stderr


@pytest.mark.parametrize(
    ("until", "into", "remedy"),
    [
        ("yesterday", "x.db", "position of a receipt"),
        ("telemetry/0/999999999/0", "x.db", "does not reach that far"),
        ("0", "none/such/x.db", "in a place that exists"),
        ("0", "mysql://localhost/x", "use sqlite:///PATH"),
        ("0", None, "--until and --into go together"),
    ],
)
def test_what_cannot_be_folded_is_refused_with_the_remedy(
    homeostat: Installation, tmp_path: Path, until: str, into: str | None, remedy: str
) -> None:
    given = () if into is None else ("--into", into if "://" in into else str(tmp_path / into))
    done = homeostat.command("projections", "rebuild", "--until", until, *given)
    assert done.returncode == 2, done.stdout + done.stderr
    assert remedy in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
