"""`homeostat backtest incidents`: rank every incident, write the answers, and score them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from config.incidents import IncidentPolicy
from processors.incidents.ranking import Ranked, confidence
from projections.backtest.incidents.judging import answers, ranked
from projections.backtest.incidents.labelled import Incident, folders, read

_IN_QUESTION: Final = IncidentPolicy().max_candidates


class Score(NamedTuple):
    """Shares of incidents whose true service came first, and among the first three.

    `confidence` is the mean lead of the first, to be held against `top1`; a lead is no probability.
    """

    dataset: str
    incidents: int
    top1: float
    top3: float
    confidence: float


class _Case(NamedTuple):
    dataset: str
    place: int
    confidence: float


def backtest_incidents(
    paths: Sequence[Path], out: Path, tell: Callable[[str], None]
) -> list[Score]:
    """Rank the incidents in `paths`; write ``ID.json`` into `out`; return scores by data set.

    An answer is a list of [service, metric], best first. A pseudo service that stands for the
    symptom alone (``front_service``) is no answer.

    Raises
    ------
    BacktestError
        Where a file is missing or not what it should be.
    """
    out.mkdir(parents=True, exist_ok=True)
    cases: list[_Case] = []
    for folder in folders(paths):
        incident, series = read(folder)
        ranking, nodes = ranked(incident, (s for s in series if s.service != "front_service"))
        answer = answers(ranking, nodes)
        (out / f"{incident.id}.json").write_bytes(msgspec.json.encode(answer))
        tell(f"{incident.id}: {ranking[0].agent if ranking else 'nothing to be seen'}")
        if incident.root_cause is not None:
            cases.append(_case(incident, ranking, incident.root_cause.service))
    return _scores(cases)


def _case(incident: Incident, ranking: Sequence[Ranked], truth: str) -> _Case:
    names = [each.agent for each in ranking]
    place = names.index(truth) if truth in names else len(names) + 3
    kind = f"{incident.dataset} {incident.incident_type}".rstrip()
    return _Case(kind, place, confidence(ranking, _IN_QUESTION) if ranking else 0.0)


def _scores(cases: Sequence[_Case]) -> list[Score]:
    kinds = sorted({case.dataset for case in cases})
    scores = [_score(kind, [c for c in cases if c.dataset == kind]) for kind in kinds]
    return [*scores, _score("all", cases)] if cases else []


def _score(name: str, cases: Sequence[_Case]) -> Score:
    count = len(cases)
    return Score(
        name,
        count,
        sum(case.place < 1 for case in cases) / count,
        sum(case.place < 3 for case in cases) / count,
        sum(case.confidence for case in cases) / count,
    )
