"""Repetitions of the client library are thinned out, and nothing else is."""

from __future__ import annotations

import logging

from streams.kafka.quiet import Repetitions


def _record(name: str, message: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "", 0, message, arguments, None)


def test_the_same_message_passes_once_in_the_time_given() -> None:
    now = [0.0]
    repetitions = Repetitions(10.0, clock=lambda: now[0])
    shown = []
    for second in range(25):
        now[0] = float(second)
        if repetitions.filter(_record("aiokafka.client", "no node %s", second)):
            shown.append(second)
    assert shown == [0, 10, 20]


def test_other_messages_and_other_loggers_always_pass() -> None:
    repetitions = Repetitions(10.0, clock=lambda: 0.0)
    assert repetitions.filter(_record("aiokafka.client", "one"))
    assert repetitions.filter(_record("aiokafka.client", "two"))
    assert all(repetitions.filter(_record("homeostat.worker", "same")) for _ in range(3))


def test_only_the_librarys_own_slip_with_a_late_batch_is_left_out() -> None:
    repetitions = Repetitions(10.0, clock=lambda: 0.0)
    slip = "Exception in callback MessageAccumulator._pop_batch.<locals>.cb(<Future>) at x.py:458"
    assert not repetitions.filter(_record("asyncio", slip))
    assert repetitions.filter(_record("asyncio", "Exception in callback of.ours()"))
    assert repetitions.filter(_record("homeostat.node", slip))


def test_a_server_without_descriptors_says_so_once_in_the_time_given() -> None:
    repetitions = Repetitions(10.0, clock=lambda: 0.0)
    refused = "socket.accept() out of system resource\nsocket: <asyncio.TransportSocket fd=6>"
    assert [repetitions.filter(_record("asyncio", refused)) for _ in range(3)] == [
        True,
        False,
        False,
    ]


def test_what_it_remembers_is_bounded() -> None:
    repetitions = Repetitions(10.0, clock=lambda: 0.0)
    for n in range(5000):
        repetitions.filter(_record("aiokafka", f"message {n}"))
    assert len(repetitions._shown) <= 1000
