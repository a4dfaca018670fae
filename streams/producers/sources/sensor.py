"""What a source is, and the loop that asks one at its interval."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

log = logging.getLogger(__name__)

UP: Final = "source_up"
TOOK: Final = "source_latency_ms"
DEFECTS: Final = "source_defects"
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_DETAIL: Final = 200

Tell = Callable[[str, str, Mapping[str, float], Mapping[str, str]], None]
"""Takes an agent, its type, metrics and labels."""


class SourceAway(Exception):
    """A source does not answer, or not as it should; says why, without secrets."""


class Measured(NamedTuple):
    """What one look found of an agent."""

    agent: str
    metrics: dict[str, float]
    labels: Mapping[str, str] = NOTHING


class Sensor(Protocol):
    """Asks one source."""

    name: str
    """Its id as an agent."""
    kind: str
    """The agent's type."""
    alive: str
    """The metric that is 1 where it answers, else 0."""

    async def read(self) -> list[Measured]:
        """Look once.

        Raises
        ------
        SourceAway
            If there is no answer, or none that can be read.
        """

    async def close(self) -> None:
        """Give up what is held between two looks."""


class _Failure(NamedTuple):
    """Why a look found nothing.

    Parameters
    ----------
    cause : str
        The same for all that fails alike, whatever figures the details have.
    detail : str
        For a person.
    defect : Exception or None
        Where it is the sensor's own fault, and not that of what it asks.
    """

    cause: str
    detail: str
    defect: Exception | None = None


async def watch(sensor: Sensor, interval_s: float, timeout_s: float, tell: Tell, host: str) -> None:
    """Ask at whole multiples of the interval, for ever, and tell what was found.

    What fails is told as 0 of the sensor's `alive`, with the reason in a label, and logged when it
    begins, when its cause becomes another, and when it is over; looks that end in a defect of the
    sensor are counted as well. Nothing that one source does ends the others.
    """
    cause, defects = "", 0
    try:
        async for _ in every(interval_s):
            failure = await _look(sensor, timeout_s, tell, host)
            if failure is not None:
                defects += failure.defect is not None
                _tell_failure(sensor, failure, defects, tell, host)
            now = "" if failure is None else failure.cause
            if now != cause:
                _log(sensor, failure)
            cause = now
    finally:
        await sensor.close()


async def _look(sensor: Sensor, timeout_s: float, tell: Tell, host: str) -> _Failure | None:
    """Tell of one look; return why it failed, if it did."""
    began = time.perf_counter()
    try:
        async with asyncio.timeout(timeout_s):
            found = await sensor.read()
    except (SourceAway, OSError, TimeoutError) as error:
        silent = isinstance(error, TimeoutError)
        return _Failure("away", f"no answer in {timeout_s:g} s" if silent else str(error))
    except Exception as error:  # noqa: BLE001  a sensor may raise anything
        return _Failure(_origin(error), repr(error), error)
    took = {sensor.alive: 1.0, TOOK: (time.perf_counter() - began) * 1000}
    for each in found:
        own = took if each.agent == sensor.name else {}
        tell(each.agent, sensor.kind, each.metrics | own, {"measured_from": host, **each.labels})
    return None


def _origin(error: Exception) -> str:
    """Return what an exception is and where it was raised: the same at each look."""
    *_, last = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at {last.filename}:{last.lineno}"


def _tell_failure(sensor: Sensor, failure: _Failure, defects: int, tell: Tell, host: str) -> None:
    metrics = {sensor.alive: 0.0} | ({DEFECTS: float(defects)} if failure.defect else {})
    labels = {"measured_from": host, "verdict": failure.detail[:_DETAIL]}
    tell(sensor.name, sensor.kind, metrics, labels)


def _log(sensor: Sensor, failure: _Failure | None) -> None:
    if failure is None:
        log.warning("%s answers again", sensor.name)
    elif failure.defect is None:
        log.warning("%s is away: %s", sensor.name, failure.detail)
    else:
        told = "the sensor of %s has a defect, and is asked again at each look"
        log.error(told, sensor.name, exc_info=failure.defect)


async def every(interval_s: float) -> AsyncIterator[None]:
    """Give now, and at whole multiples of `interval_s` from now; those missed are left out."""
    began = time.monotonic()
    while True:
        yield
        await asyncio.sleep(pause(time.monotonic() - began, interval_s))


def pause(passed_s: float, interval_s: float) -> float:
    """Return how long it is until the next multiple of the interval, so that no delay adds up.

    Examples
    --------
    >>> pause(0.5, 15.0), pause(15.0, 15.0), pause(31.0, 15.0)
    (14.5, 15.0, 14.0)
    """
    return (passed_s // interval_s + 1) * interval_s - passed_s
