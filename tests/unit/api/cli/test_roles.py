"""A role that the disk stops says so in a line."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import pytest

from api.cli import roles
from config.settings import Settings
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection


def test_a_full_disk_is_told_of_in_a_line_and_another_failure_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "claims.jsonl")

    async def stopped(*_: Settings | Connection | Signer | asyncio.Event) -> None:
        raise full

    monkeypatch.setenv("HOMEOSTAT_HOME", str(tmp_path))
    for whole_process in ("configure_logging", "_set_aside"):
        monkeypatch.setattr(roles, whole_process, lambda *_: None)
    monkeypatch.setitem(roles.ROLES, "node", stopped)
    assert roles.run_role("node") == 2
    said = capsys.readouterr().err.splitlines()
    assert said == ["homeostat node: [Errno 28] No space left on device: 'claims.jsonl'"]

    full.errno = errno.EPIPE
    with pytest.raises(OSError, match="No space left"):
        roles.run_role("node")
