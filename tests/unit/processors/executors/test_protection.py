"""What no action may touch, held against real processes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator

import psutil
import pytest

from processors.executors.protection import protected

Starter = Callable[..., psutil.Process]


@pytest.fixture
def start() -> Iterator[Starter]:
    """Start processes that wait, with further words on their command line."""
    started: list[subprocess.Popen[str]] = []

    def begin(*words: str) -> psutil.Process:
        waiting = ["/bin/sh", "-c", "echo here; read answer", "sh", *words]
        process = subprocess.Popen(
            waiting, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        process.stdout.readline()  # its command line is its own from here on
        return psutil.Process(process.pid)

    try:
        yield begin
    finally:
        for process in started:
            process.kill()
            process.communicate()


def test_the_first_process_is_protected() -> None:
    assert protected(psutil.Process(1)) == "pid 1"


def test_this_process_and_all_it_descends_from_are_protected() -> None:
    line = [psutil.Process(os.getpid()), *psutil.Process().parents()]
    assert all(protected(process) for process in line)


def test_a_stranger_may_be_touched(start: Starter) -> None:
    assert protected(start("anything")) is None


@pytest.mark.parametrize(
    "word", ["kafka.Kafka", "postgres", "sshd", "systemd", "homeostat", "api.cli.roles"]
)
def test_what_everything_rests_on_is_protected_by_its_command_line(
    start: Starter, word: str
) -> None:
    assert protected(start("-x", f"/usr/lib/{word}")) == f"protected: {word}"


def test_what_the_configuration_declares_is_protected(start: Starter) -> None:
    process = start("--role=billing")
    assert protected(process, ["role=billing"]) == "protected: role=billing"
    assert protected(process, ["role=shipping"]) is None


def test_a_process_that_is_gone_is_not_touched(start: Starter) -> None:
    process = start()
    process.kill()
    process.wait()
    assert str(protected(process)).startswith("it cannot be seen")
