"""Files in, an answer for every row, nothing read ahead, and faults of input named."""

from __future__ import annotations

import csv
import gzip
import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from config.policy import DetectorPolicy
from projections.backtest.detector import Summary, backtest_files
from projections.backtest.files import BacktestError, sources
from projections.backtest.tables import opened, place_in

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


def backtest(paths: list[Path], out: Path, report: Callable[[str], None] = quiet) -> Summary:
    """Answer `paths` below `out`, as the command does."""
    return backtest_files(sources(paths, out), out, POLICY, report)


def answers(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_each_row_has_its_answer_under_the_same_relative_path(tmp_path: Path) -> None:
    written(tmp_path / "in" / "deep" / "a.csv")
    written(tmp_path / "in" / "b.csv", rows=10)
    done = backtest([tmp_path / "in"], tmp_path / "out")
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
    run = threading.Thread(target=backtest, args=([pipe], out))
    run.start()
    lines = whole.read_text().splitlines(keepends=True)
    with pipe.open("w", buffering=1) as feed:
        feed.write(lines[0])
        for row, line in enumerate(lines[1:], start=1):
            feed.write(line)
            wait_for_rows(out / "pipe.csv", row, run)
    run.join(120)
    backtest([whole], out)
    assert (out / "pipe.csv").read_bytes() == (out / "whole.csv").read_bytes()


def wait_for_rows(path: Path, rows: int, run: threading.Thread) -> None:
    """Return once `rows` are answered; the reader must live for that."""
    pause = threading.Event()
    for _ in range(24_000):
        if path.exists() and path.read_text().count("\n") == rows + 1:
            return
        assert run.is_alive()
        pause.wait(0.005)
    raise AssertionError(f"row {rows} was not answered before the next was written")


def test_the_future_of_a_file_changes_nothing_before_it(tmp_path: Path) -> None:
    for name, fault in (("calm", 10**9), ("fault", 390)):
        written(tmp_path / f"{name}.csv", fault=fault)
    backtest([tmp_path / "calm.csv", tmp_path / "fault.csv"], tmp_path / "out")
    calm, fault = (answers(tmp_path / "out" / f"{name}.csv") for name in ("calm", "fault"))
    assert calm[:390] == fault[:390]
    assert calm[390] != fault[390]


def test_missing_values_are_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    path.write_text(
        "timestamp,a,b\n" + "".join(f"{k},,nan\n" if k % 2 else f"{k},1,2\n" for k in range(200))
    )
    done = backtest([path], tmp_path / "out")
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
            sources(paths, tmp_path / "out")


def test_no_file_is_written_over_and_no_answer_read_again(tmp_path: Path) -> None:
    path = written(tmp_path / "in" / "a.csv", 5)
    before = path.read_bytes()
    for paths, out in (([path], path.parent), ([path.parent], path.parent)):
        with pytest.raises(BacktestError, match=r"a\.csv would be written over"):
            backtest(paths, out)
    assert path.read_bytes() == before
    for _ in range(2):
        assert backtest([tmp_path], tmp_path / "out").files == 1
    assert backtest([tmp_path / "out" / "in"], tmp_path / "out").rows == 5


def test_packed_files_and_any_ending_are_answered_as_csv(tmp_path: Path) -> None:
    plain = written(tmp_path / "in" / "PLAIN.CSV", 60)
    (tmp_path / "in" / "packed.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    (tmp_path / "in" / "folder.csv").mkdir()
    assert backtest([tmp_path / "in"], tmp_path / "out").files == 2
    out = tmp_path / "out"
    assert (out / "packed.csv").read_bytes() == (out / "PLAIN.CSV").read_bytes()


def test_where_answers_cannot_go_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 5)
    (tmp_path / "file").write_text("")
    with pytest.raises(BacktestError, match=r"a\.csv cannot be written .*give another --out"):
        backtest([path], tmp_path / "file")


def test_rows_that_go_back_in_time_are_answered_in_their_order_and_told(tmp_path: Path) -> None:
    path, told = tmp_path / "back.csv", list[str]()
    path.write_text("timestamp,a\n10,1\n20,1\n20,2\n15,1\n5,2\n30,1\n")
    assert backtest([path], tmp_path / "out", told.append).rows == 6
    stamps = [row["timestamp"] for row in answers(tmp_path / "out" / "back.csv")]
    assert stamps == ["10", "20", "20", "15", "5", "30"]
    assert told == [f"{path}: line 5: 2 rows are earlier than the row before; judged as they stand"]


def test_a_table_without_times_is_doubted(tmp_path: Path) -> None:
    path, told = tmp_path / "none.csv", list[str]()
    path.write_text("cpu,a\n20.5,1\n20.1,1\n")
    assert backtest([path], tmp_path / "out", told.append).rows == 2
    assert "line 3: 1 row is earlier than the row before (is 'cpu' the timestamp?)" in told[0]


def test_answers_that_break_off_say_so(tmp_path: Path) -> None:
    told: list[str] = []
    odd = written(tmp_path / "odd.csv", rows=10)
    odd.write_text(odd.read_text(encoding="utf-8") + "2024-01-02T00:00:00Z,much,1\n", "utf-8")
    with pytest.raises(BacktestError, match=r"odd.csv: line 12: cpu is 'much'"):
        backtest([odd], tmp_path / "out", told.append)
    assert told == [f"{tmp_path / 'out' / 'odd.csv'} breaks off after 10 rows"]


def test_a_pipe_in_a_folder_is_not_waited_at(tmp_path: Path) -> None:
    written(tmp_path / "in" / "a.csv", rows=5)
    os.mkfifo(tmp_path / "in" / "b.csv")
    assert backtest([tmp_path / "in"], tmp_path / "out").files == 1


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_what_is_left_is_known_by_what_was_read(tmp_path: Path, name: str) -> None:
    plain = written(tmp_path / "a.csv", rows=10)
    if name.endswith(".gz"):
        (tmp_path / name).write_bytes(gzip.compress(plain.read_bytes()))
    with opened(tmp_path / name) as file:
        assert len(list(file)) == 11
        assert place_in(file) == (tmp_path / name).stat().st_size
