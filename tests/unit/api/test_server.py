"""The server binds before anything else, and says who has its port."""

from __future__ import annotations

import asyncio
import os
import socket

import pytest

from api.joining import Joining
from api.server import bound
from config.settings import SettingsError


def test_a_port_that_is_taken_is_named_with_its_holder():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError) as refused, bound("127.0.0.1", port):
            pass
    assert f"HOMEOSTAT_API_PORT={port}" in str(refused.value)
    assert f"process {os.getpid()}" in str(refused.value)


def test_port_0_takes_one_that_is_free():
    with bound("127.0.0.1", 0) as made:
        assert made.getsockname()[1] > 0


def test_accepted_connections_are_known_as_tcp():
    with bound("127.0.0.1", 0) as made, socket.create_connection(made.getsockname()) as _client:
        accepted, _ = made.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP


def test_an_address_that_is_not_ours_is_named():
    with (
        pytest.raises(SettingsError, match=r"HOMEOSTAT_API_HOST=192\.0\.2\.1"),
        bound("192.0.2.1", 0),
    ):
        pass


async def test_what_is_written_in_one_turn_is_sent_in_one_go():
    sent: asyncio.Queue[bytes] = asyncio.Queue()

    class Counted:
        """Whoever is at the other end, as one who sees each sending."""

        write = staticmethod(sent.put_nowait)
        close = staticmethod(lambda: sent.put_nowait(b"closed"))

    joining = Joining(Counted(), asyncio.get_running_loop())  # type: ignore[arg-type]
    joining.write(b"head")
    joining.write(b"body")
    assert sent.get_nowait() == b"headbody"
    joining.write(b"head of a stream")
    assert sent.empty()
    assert await sent.get() == b"head of a stream"
    joining.write(b"last")
    joining.close()
    assert [await sent.get(), await sent.get()] == [b"last", b"closed"]
    await asyncio.sleep(0)
    assert sent.empty()
