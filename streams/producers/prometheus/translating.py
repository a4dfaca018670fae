"""Series of Prometheus as values with names of their own.

=========  ======================================================
gauge      ``NAME``
counter    ``NAME_per_s``, without ``_total``
histogram  ``NAME_count_per_s``, ``NAME_mean``, ``NAME_p95``
summary    ``NAME_count_per_s``, ``NAME_mean``, ``NAME_p50`` and so on
=========  ======================================================

Labels follow; see `streams.producers.series.naming`. Where nobody says of which type a series is,
its name does: ``_total``, ``_bucket``, ``_sum`` and ``_count`` are what the conventions of
Prometheus keep for counters, histograms and summaries. Infos and creation times are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from streams.producers.prometheus.histograms import Group
from streams.producers.series.bounded import Bounded
from streams.producers.series.counters import MOST, Counters
from streams.producers.series.naming import metric_name

Values = Sequence[tuple[str, float]]
Types = Mapping[str, str]
_PARTS: Final = ("_bucket", "_sum", "_count")
_GROUPED: Final = frozenset({"histogram", "summary", "gaugehistogram"})
_CONSTANT: Final = frozenset({"info", "stateset"})


Reader = Callable[[float, float], Values]
"""Takes a reading and its time in seconds since the epoch; returns what that tells."""


class Translator:
    """Knows what was read of each series; one for all senders of a process."""

    def __init__(self, most: int = MOST) -> None:
        self._counters = Counters(most)
        self._groups: Bounded[str, Group] = Bounded(max(1, most // 10))

    def reader(self, agent: str, name: str, labels: Mapping[str, str], types: Types) -> Reader:
        """Return what reads the series `name` with `labels`.

        Parameters
        ----------
        agent : str
            Whose it is; tells the same name of two agents apart.
        labels : mapping of str to str
            Without those that say whose it is.
        types : mapping of str to str
            Of families, as far as known.
        """
        family, kind, suffix = classify(name, types)
        if kind in _CONSTANT or suffix == "_created":
            return _nothing
        if kind == "summary" and "quantile" in labels and not suffix:
            return _gauge(_of_quantile(family, labels))
        if kind in _GROUPED and suffix in _PARTS:
            return self._part(agent, family, suffix, labels)
        if kind == "counter":
            wanted = metric_name(family, "_per_s", labels.items())
            return self._counter(f"{agent}\n{wanted}", wanted)
        return _gauge(metric_name(name, "", labels.items()))

    def _counter(self, key: str, name: str) -> Reader:
        def rate(value: float, at: float) -> Values:
            growth = self._counters.grown(key, at, (value,))
            return () if growth is None else ((name, growth.parts[0] / growth.seconds),)

        return rate

    def _part(self, agent: str, family: str, suffix: str, labels: Mapping[str, str]) -> Reader:
        attributes = [pair for pair in labels.items() if pair[0] not in ("le", "quantile")]
        name = metric_name(family, "_count_per_s", attributes)
        key = f"{agent}\n{name}"
        group = self._groups.get(key)
        if group is None:
            names = name, *(metric_name(family, end, attributes) for end in ("_mean", "_p95"))
            group = self._groups[key] = Group(self._counters, key, names)
        try:
            return partial(group.take, float(labels["le"]) if suffix == "_bucket" else suffix)
        except (KeyError, ValueError):
            return _nothing  # a bucket that does not say what it holds


def _gauge(name: str) -> Reader:
    return lambda value, _at: ((name, value),)


def _nothing(_value: float, _at: float) -> Values:
    return ()


def classify(name: str, types: Types) -> tuple[str, str, str]:
    """Return of which family and type a series is, and what its name has beyond the family's.

    Examples
    --------
    >>> classify("hits_total", {"hits_total": "counter"}), classify("hits_total", {})
    (('hits', 'counter', '_total'), ('hits', 'counter', '_total'))
    >>> classify("rows_count", {"rows": "summary"}), classify("rows_count", {"rows_count": "gauge"})
    (('rows', 'summary', '_count'), ('rows_count', 'gauge', ''))
    """
    for suffix in ("_total", "_created", *_PARTS):
        if name.endswith(suffix):
            family = name.removesuffix(suffix)
            if kind := types.get(name) or types.get(family):
                whole = kind not in _GROUPED and suffix in _PARTS
                return (name, kind, "") if whole else (family, kind, suffix)
            guessed = "counter" if suffix == "_total" else "histogram"
            return family, guessed, suffix
    kind = types.get(name) or ("info" if name.endswith("_info") else "gauge")
    return name, kind, ""


def _of_quantile(family: str, labels: Mapping[str, str]) -> str:
    attributes = [pair for pair in labels.items() if pair[0] != "quantile"]
    try:
        share = f"_p{100 * float(labels['quantile']):.6g}"
    except ValueError:
        share = f"_quantile_{labels['quantile']}"
    return metric_name(family, share, attributes)
