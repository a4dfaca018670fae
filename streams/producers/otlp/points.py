"""Data points of OpenTelemetry as values with names of their own.

=====================================  ==========================================================
gauge, sum that may fall (cumulative)  ``NAME``
sum that only grows                    ``NAME_per_s``
sum that may fall (delta)              ``NAME_per_s``
histogram, of either kind              ``NAME_count_per_s``, ``NAME_mean``, ``NAME_p95``
summary                                ``NAME_count_per_s``, ``NAME_mean``, ``NAME_p50`` and so on
=====================================  ==========================================================

A unit is part of the name, and attributes follow it; see `streams.producers.series.naming`.

Source: OpenTelemetry's metrics data model and ``metrics.proto`` 1.x.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from streams.producers.series.counters import Counters, Growth
from streams.producers.series.naming import metric_name, unit_suffix
from streams.producers.series.quantiles import exponential_quantile, quantile

_CUMULATIVE: Final = 2
_NOT_RECORDED: Final = 1
"""Flag of a point that says that its series has ended."""
_NANO: Final = 1e-9
Value = tuple[str, float]


class Series(NamedTuple):
    """Where the points of one metric belong.

    Parameters
    ----------
    key : str
        Of whom they tell, for telling counters apart.
    base, unit : str
        The metric's name, and its unit as a suffix.
    """

    key: str
    base: str
    unit: str
    counters: Counters


def values_of(key: str, metric: Any, counters: Counters) -> Iterator[tuple[float, Value]]:
    """Give the values of an OTLP ``Metric``, each with its time in seconds since the epoch.

    Parameters
    ----------
    key : str
        Of whom it tells: each process that counts for itself needs its own.
    metric : Metric
        As generated from ``metrics.proto``.
    counters : Counters
        What was read before.
    """
    kind = metric.WhichOneof("data")
    if kind is None:
        return
    series = Series(key, metric.name, unit_suffix(metric.name, metric.unit), counters)
    data = getattr(metric, kind)
    of_kind = _OF_KIND[kind]
    for point in data.data_points:
        if not point.flags & _NOT_RECORDED:
            at = point.time_unix_nano * _NANO
            for value in of_kind(series, data, point, at):
                yield at, value


def text_of(value: Any) -> str:
    """Return an OTLP ``AnyValue`` as text; lists with commas between."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return str(value.string_value)
    if kind == "bool_value":
        return "true" if value.bool_value else "false"
    if kind == "array_value":
        return ",".join(text_of(each) for each in value.array_value.values)
    if kind == "bytes_value":
        return str(value.bytes_value.hex())
    if kind == "kvlist_value":
        return ",".join(f"{each.key}={text_of(each.value)}" for each in value.kvlist_value.values)
    return "" if kind is None else str(getattr(value, kind))


def attributes_of(holder: Any) -> list[tuple[str, str]]:
    """Return the attributes of a resource or a point as pairs of texts."""
    return [(each.key, text_of(each.value)) for each in holder.attributes]


def _number(point: Any) -> float:
    return float(point.as_double if point.HasField("as_double") else point.as_int)


def _gauge(series: Series, _data: Any, point: Any, _at: float) -> Iterator[Value]:
    if point.WhichOneof("value") is not None:
        yield metric_name(series.base, series.unit, attributes_of(point)), _number(point)


def _sum(series: Series, data: Any, point: Any, at: float) -> Iterator[Value]:
    cumulative = data.aggregation_temporality == _CUMULATIVE
    if cumulative and not data.is_monotonic:
        yield from _gauge(series, data, point, at)
        return
    name = metric_name(series.base, f"{series.unit}_per_s", attributes_of(point))
    growth = _growth(series, data, point, at, name, (_number(point),))
    if growth is not None:
        yield name, growth.parts[0] / growth.seconds


def _growth(
    series: Series, data: Any, point: Any, at: float, name: str, parts: tuple[float, ...]
) -> Growth | None:
    start = point.start_time_unix_nano * _NANO
    if data.aggregation_temporality == _CUMULATIVE:
        return series.counters.grown(f"{series.key}\n{name}", at, parts, start)
    return Growth(at - start, parts) if 0 < start < at else None


def _histogram(series: Series, data: Any, point: Any, at: float) -> Iterator[Value]:
    attributes = attributes_of(point)
    name = metric_name(series.base, "_count_per_s", attributes)
    parts = (float(point.count), point.sum, *point.bucket_counts)
    growth = _growth(series, data, point, at, name, parts)
    if growth is None:
        return
    yield name, growth.parts[0] / growth.seconds
    p95 = quantile(0.95, point.explicit_bounds, growth.parts[2:])
    yield from _shape(series, attributes, growth, point.HasField("sum"), p95)


def _exponential(series: Series, data: Any, point: Any, at: float) -> Iterator[Value]:
    attributes = attributes_of(point)
    name = metric_name(series.base, "_count_per_s", attributes)
    up, down = point.positive, point.negative
    # Buckets that were merged or moved meanwhile are not comparable: they count as begun anew.
    place = f"{point.scale}/{up.offset}/{down.offset}/{len(up.bucket_counts)}"
    parts = (float(point.count), point.sum, float(point.zero_count),
             *up.bucket_counts, *down.bucket_counts)  # fmt: skip
    growth = _growth(series, data, point, at, f"{name}\n{place}", parts)
    rate = _growth(series, data, point, at, name, parts[:2])
    if rate is None:
        return
    yield name, rate.parts[0] / rate.seconds
    p95 = None
    if growth is not None:
        counted = growth.parts[3:]
        split = len(up.bucket_counts)
        p95 = exponential_quantile(
            0.95, point.scale, growth.parts[2],
            (up.offset, counted[:split]), (down.offset, counted[split:]),
        )  # fmt: skip
    yield from _shape(series, attributes, rate, point.HasField("sum"), p95)


def _shape(
    series: Series, attributes: list[tuple[str, str]], growth: Growth, summed: bool,
    p95: float | None,
) -> Iterator[Value]:  # fmt: skip
    """Give the mean and the 95th percentile of what came since; of nothing there is neither."""
    count, total = growth.parts[0], growth.parts[1]
    if count > 0 and summed:
        yield metric_name(series.base, f"{series.unit}_mean", attributes), total / count
    if p95 is not None:
        yield metric_name(series.base, f"{series.unit}_p95", attributes), p95


def _summary(series: Series, _data: Any, point: Any, at: float) -> Iterator[Value]:
    attributes = attributes_of(point)
    name = metric_name(series.base, "_count_per_s", attributes)
    parts = (float(point.count), point.sum)
    start = point.start_time_unix_nano * _NANO
    growth = series.counters.grown(f"{series.key}\n{name}", at, parts, start)
    if growth is not None:
        yield name, growth.parts[0] / growth.seconds
        yield from _shape(series, attributes, growth, True, None)
    for each in point.quantile_values:
        suffix = f"{series.unit}_p{100 * each.quantile:.6g}"
        yield metric_name(series.base, suffix, attributes), each.value


_OF_KIND: Final = {
    "gauge": _gauge,
    "sum": _sum,
    "histogram": _histogram,
    "exponential_histogram": _exponential,
    "summary": _summary,
}
