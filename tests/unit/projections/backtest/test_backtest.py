"""Files in, an answer for every row, nothing read ahead, and faults of input named."""

from __future__ import annotations

import csv
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from config.policy import DetectorPolicy
from projections.backtest.detector import backtest_files
from projections.backtest.files import BacktestError, seconds_of, sources

POLICY = DetectorPolicy()


def quiet(_: str) -> None:
    """Say nothing."""


def written(path: Path, rows: int = 400, fault: int = 350) -> Path:
    rng = np.random.default_rng(1)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["timestamp", "cpu", "queue"])
        for k in range(rows):
            cpu = 95.0 if k == fault else 20.0 + rng.normal()
            out.writerow([f"2024-01-01T{k // 60:02d}:{k % 60:02d}:00Z", f"{cpu:.3f}", k % 3])
    return path


def answers(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_each_row_has_its_answer_under_the_same_relative_path(tmp_path: Path) -> None:
    written(tmp_path / "in" / "deep" / "a.csv")
    written(tmp_path / "in" / "b.csv", rows=10)
    done = backtest_files(sources([tmp_path / "in"]), tmp_path / "out", POLICY, quiet)
    found = answers(tmp_path / "out" / "deep" / "a.csv")
    assert (done.files, done.rows, done.values) == (2, 410, 820)
    assert [row["timestamp"] for row in found[:2]] == [
        "2024-01-01T00:00:00Z",
        "2024-01-01T00:01:00Z",
    ]
    assert all(0.0 <= float(row["anomaly_score"]) <= 1.0 for row in found)
    assert found[350]["alert"] == "1"
    assert found[350]["drivers"].split()[0] == "cpu"
    assert found[349]["alert"] == "0"
    assert len(answers(tmp_path / "out" / "b.csv")) == 10


def test_a_row_is_answered_before_the_next_is_there(tmp_path: Path) -> None:
    whole = written(tmp_path / "whole.csv", rows=60)
    pipe, out = tmp_path / "pipe.csv", tmp_path / "out"
    os.mkfifo(pipe)
    run = threading.Thread(target=backtest_files, args=(sources([pipe]), out, POLICY, quiet))
    run.start()
    lines = whole.read_text().splitlines(keepends=True)
    with pipe.open("w", buffering=1) as feed:
        feed.write(lines[0])
        for row, line in enumerate(lines[1:], start=1):
            feed.write(line)
            wait_for_rows(out / "pipe.csv", row, run)
    run.join(10)
    backtest_files(sources([whole]), out, POLICY, quiet)
    assert (out / "pipe.csv").read_bytes() == (out / "whole.csv").read_bytes()


def wait_for_rows(path: Path, rows: int, run: threading.Thread) -> None:
    """Return once `rows` are answered; the reader must live for that."""
    pause = threading.Event()
    for _ in range(2000):
        if path.exists() and path.read_text().count("\n") == rows + 1:
            return
        assert run.is_alive()
        pause.wait(0.005)
    raise AssertionError(f"row {rows} was not answered before the next was written")


def test_the_future_of_a_file_changes_nothing_before_it(tmp_path: Path) -> None:
    for name, fault in (("calm", 10**9), ("fault", 390)):
        written(tmp_path / f"{name}.csv", fault=fault)
    found = sources([tmp_path / "calm.csv", tmp_path / "fault.csv"])
    backtest_files(found, tmp_path / "out", POLICY, quiet)
    calm, fault = (answers(tmp_path / "out" / f"{name}.csv") for name in ("calm", "fault"))
    assert calm[:390] == fault[:390]
    assert calm[390] != fault[390]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("timestamp\n1\n", "line 1: needs a header"),
        ("timestamp,a,a\n1,2,3\n", "line 1: column 'a' must occur once"),
        ("timestamp,a\n1,2\n2,x\n", "line 3: a is 'x'; write a number"),
        ("timestamp,a\nyesterday,2\n", "line 2: timestamp is 'yesterday'; write ISO 8601"),
        ("timestamp,a\n1,2,3\n", "line 2: 3 cells, where the header has 2"),
    ],
)
def test_bad_input_is_named(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(BacktestError, match=told.replace("(", r"\(")):
        backtest_files(sources([path]), tmp_path / "out", POLICY, quiet)


def test_missing_values_are_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    path.write_text(
        "timestamp,a,b\n" + "".join(f"{k},,nan\n" if k % 2 else f"{k},1,2\n" for k in range(200))
    )
    done = backtest_files(sources([path]), tmp_path / "out", POLICY, quiet)
    assert (done.rows, done.alarms) == (200, 0)


def test_what_is_not_there_or_would_be_mixed_up_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    one, two = written(tmp_path / "1" / "a.csv", 3), written(tmp_path / "2" / "a.csv", 3)
    for paths, told in (
        ([tmp_path / "nowhere"], "no such file"),
        ([tmp_path / "empty"], "no CSV file"),
        ([one, two], "in one file"),
    ):
        with pytest.raises(BacktestError, match=told):
            sources(paths)


def test_times_are_read_as_people_write_them() -> None:
    texts = ("2014-02-14T14:30:00Z", "2014-02-14 15:30:00+01:00", "1392388200", "1392388200000")
    assert {seconds_of(text) for text in texts} == {1392388200.0}
