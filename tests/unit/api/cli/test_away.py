"""An API that keeps a command waiting is not one that is not there."""

from __future__ import annotations

import socket

import pytest

from api.cli import client
from api.cli.client import AWAY, Client, CommandError


def test_no_answer_in_time_is_told_apart_from_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_PATIENCE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        base = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(CommandError, match=r"gave no answer within 0\.2 s") as late:
            Client(base, "token").get("/agents")
    with pytest.raises(CommandError, match="start it with `homeostat up`") as nobody:
        Client(base, "token").get("/agents")
    assert late.value.status == nobody.value.status == AWAY
