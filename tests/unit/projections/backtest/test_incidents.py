"""Labelled incidents are read, ranked by the live code, and scored; the truth is no input."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from projections.backtest.files import BacktestError
from projections.backtest.incidents.run import backtest_incidents

BEGIN = 1000


def incident(folder: Path, name: str, truth: str | None, *, packed: bool = False) -> Path:
    """Write an incident in which db slows down at minute 30, and web with it."""
    folder = folder / name
    folder.mkdir(parents=True)
    about = {
        "id": name,
        "dataset": "made",
        "before_start": BEGIN + 29 * 60,
        "incident_start": BEGIN + 30 * 60,
        "incident_end": BEGIN + 33 * 60,
        "dependency_edges": [["web", "db"], ["web", "cache"], ["front_service", "web"]],
    }
    if truth is not None:
        about["root_cause"] = {"service": truth, "metric_group": None}
    (folder / "incident.json").write_text(json.dumps(about))
    lines = ["timestamp,web.latency,db.latency,cache.latency,front_service.latency,db.availability"]
    for minute in range(34):
        wave = minute % 3
        slow = 50 * (minute >= 30)
        cells = (10 + wave + slow, 5 + wave + slow, 1 + wave, 20 + wave + slow, 99 + wave + slow)
        cells_text = ",".join(map(str, cells)) if minute != 7 else ",,,,"
        lines.append(f"{BEGIN + minute * 60},{cells_text}")
    text = "\n".join(lines).encode()
    if packed:
        (folder / "metrics.csv.gz").write_bytes(gzip.compress(text))
    else:
        (folder / "metrics.csv").write_bytes(text)
    return folder


def test_the_true_service_is_ranked_first_whatever_the_label_says(tmp_path: Path) -> None:
    incident(tmp_path / "in", "one", "db", packed=True)
    incident(tmp_path / "in", "two", "cache")
    incident(tmp_path / "in", "three", None)
    scores = backtest_incidents([tmp_path / "in"], tmp_path / "out", lambda _: None)
    wanted = [["db", "latency"], ["web", "latency"]]
    for name in ("one", "two", "three"):
        assert json.loads((tmp_path / "out" / f"{name}.json").read_text()) == wanted
    assert [(s.dataset, s.incidents, s.top1, s.top3) for s in scores] == [
        ("made", 2, 0.5, 0.5),
        ("all", 2, 0.5, 0.5),
    ]


def test_without_labels_there_is_no_score(tmp_path: Path) -> None:
    incident(tmp_path, "one", None)
    assert backtest_incidents([tmp_path], tmp_path / "out", lambda _: None) == []


@pytest.mark.parametrize("broken", ["incident.json", "metrics.csv"])
def test_a_broken_file_is_named(tmp_path: Path, broken: str) -> None:
    folder = incident(tmp_path, "one", "db")
    (folder / broken).write_text("timestamp,a.b\nx,1\n")
    with pytest.raises(BacktestError, match="one"):
        backtest_incidents([tmp_path], tmp_path / "out", lambda _: None)


def test_a_folder_without_incidents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BacktestError, match="give a folder"):
        backtest_incidents([tmp_path], tmp_path / "out", lambda _: None)
