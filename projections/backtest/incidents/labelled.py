"""Labelled incidents in files: metrics before and during, the dependencies, and the true cause.

A folder an incident, with ``incident.json`` and ``metrics.csv.gz`` (or ``metrics.csv``): the first
column a timestamp in seconds since the epoch, every other one ``service.metric``. Rows outside
``before_start`` to ``incident_end`` are the reference. ``root_cause`` is read for scoring alone.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from projections.backtest.files import BacktestError

INCIDENT: Final = "incident.json"


class Truth(msgspec.Struct, frozen=True):
    """What the fault really was."""

    service: str
    metric_group: str | None = None


class Incident(msgspec.Struct, frozen=True):
    """The part of ``incident.json`` that is used; times in seconds since the epoch."""

    id: str
    dataset: str
    before_start: float
    incident_start: float
    incident_end: float
    dependency_edges: list[tuple[str, str]]
    root_cause: Truth | None = None
    incident_type: str = ""


class Series(NamedTuple):
    """One metric of a service: reference values, and (time, value) during the incident."""

    service: str
    metric: str
    usual: list[float]
    during: list[tuple[float, float]]


def folders(paths: Sequence[Path]) -> list[Path]:
    """Return the folders of incidents in `paths`, sorted by name.

    Raises
    ------
    BacktestError
        Where there is none.
    """
    found = sorted({file.parent for path in paths for file in path.glob(f"**/{INCIDENT}")})
    if not found:
        places = ", ".join(map(str, paths))
        raise BacktestError(f"no {INCIDENT} in {places}; give a folder of labelled incidents")
    return found


def read(folder: Path) -> tuple[Incident, list[Series]]:
    """Return an incident and its series.

    Raises
    ------
    BacktestError
        Where a file is missing or not what it should be.
    """
    try:
        incident = msgspec.json.decode((folder / INCIDENT).read_bytes(), type=Incident)
        return incident, list(_series(incident, _text(folder)))
    except (OSError, EOFError, ValueError, msgspec.MsgspecError) as error:
        raise BacktestError(f"{folder}: {error}") from error


def _text(folder: Path) -> str:
    packed = folder / "metrics.csv.gz"
    if packed.exists():
        return gzip.decompress(packed.read_bytes()).decode("utf-8")
    return (folder / "metrics.csv").read_text(encoding="utf-8")


def _series(incident: Incident, text: str) -> Iterator[Series]:
    rows = csv.reader(io.StringIO(text))
    names = next(rows)[1:]
    read_rows = [(float(row[0]), row[1:]) for row in rows]
    for place, name in enumerate(names):
        service, _, metric = name.rpartition(".")
        series = Series(service, metric, [], [])
        for at, cells in read_rows:
            if cells[place]:
                _put(series, incident, at, float(cells[place]))
        yield series


def _put(series: Series, incident: Incident, at: float, value: float) -> None:
    if not incident.before_start <= at <= incident.incident_end:
        series.usual.append(value)
    elif at >= incident.incident_start:
        series.during.append((at, value))
