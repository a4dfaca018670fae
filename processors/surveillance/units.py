"""Metrics that come in another unit: milliseconds as seconds, bytes as kilobytes.

A value is taken for that where, times a factor between units, it is what the other metrics of its
agent say. It must be far from its forecast and the forecast narrow: of what is vague, some factor
always fits.

It fails for units that are closer than sixty times, as bits and bytes are; for metrics that do not
go with others, or in the first week.
"""

from __future__ import annotations

from typing import Final

KIND: Final = "unit_change"
_FACTORS: Final = (60.0, 100.0, 1000.0, 3600.0, 1e6)
_TIMES: Final = 2.5
_NARROW: Final = 0.2


def changed(value: float, forecast: float, reach: float) -> float | None:
    """Return by what factor the unit of `value` has changed; None where nothing says so.

    Parameters
    ----------
    value, forecast : float
        What a metric is, and what the others say that it should be.
    reach : float
        How far from its forecast it usually is.

    Examples
    --------
    >>> changed(0.041, 40.0, 1.5), changed(41_000.0, 40.0, 1.5)
    (0.001, 1000.0)
    >>> changed(4.1, 40.0, 1.5), changed(0.0, 40.0, 1.5), changed(0.041, 40.0, 9.0)
    (None, None, None)
    """
    room = _TIMES * reach
    if room > _NARROW * abs(forecast):
        return None
    for factor in _FACTORS:
        if abs(value * factor - forecast) <= room:
            return 1.0 / factor
        if abs(value / factor - forecast) <= room:
            return factor
    return None
