"""Heartbeats that name an agent and the metrics of one shape, decoded many at once.

Many say nothing else; the others may say when it was measured, how the agent does, of what type it
is, and its labels. A type that knows no more than it must is the faster one, so both are tried.

A fleet says the same thing over and over: an agent's id, and numbers under names that are known.
A type that holds just these names is decoded twice as fast as a dictionary, and a decoder that is
called once for many records saves a fifth again. The numbers then lie in as many objects; an
encoder of fixed-length numbers lays them out in memory at even distances, where NumPy reads them
without asking any object.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, Final, NamedTuple

import msgspec
import numpy as np

from processors.columns import Floats

_encode: Final = msgspec.msgpack.Encoder().encode
_Sequence = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)] | None
_ASIDE: Final[tuple[tuple[str, Any, Any], ...]] = (
    ("at", str | float | None, None),
    ("status", str | None, None),
    ("agent_type", str | None, None),
    ("labels", dict[str, str], {}),
)
_TRIED: Final = 64
"""Where none of so many records is of a form, the others are not tried."""
_NEWLINE, _OPENING, _CLOSING = b"\n{}"
_KEPT: Final = 256
"""Shapes whose decoders are kept."""


class Aside(NamedTuple):
    """What a heartbeat says beside its metrics; None, or no labels, for what it does not say."""

    at: str | float | None
    status: str | None
    agent_type: str | None
    labels: dict[str, str]


class Read(NamedTuple):
    """What heartbeats of one shape say.

    Parameters
    ----------
    agents : list of str
        Of each record.
    values : array, shape (records, metrics)
        In the order of the shape.
    asides : list of Aside or None
        Of each record; None where no record says anything beside.
    """

    agents: list[str]
    values: Floats
    asides: list[Aside] | None


class Shaped:
    """Reads heartbeats that hold an agent's id, each metric of `shape`, and what is an `Aside`.

    Nothing else that matters, that is: a sequence number may be there.

    Parameters
    ----------
    shape : tuple of str
        Names of metrics, at least one; they may lie in a heartbeat in any order.

    Examples
    --------
    >>> found = Shaped(("cpu_usage",)).read([
    ...     b'{"agent_id": "web-1", "metrics": {"cpu_usage": 41.5}}',
    ...     b'{"agent_id": "web-2", "metrics": {"cpu_usage": 7}}',
    ... ])
    >>> found.agents, found.values.tolist()
    (['web-1', 'web-2'], [[41.5], [7.0]])
    """

    def __init__(self, shape: tuple[str, ...]) -> None:
        fields = [f"m{place}" for place in range(len(shape))]
        metrics = msgspec.defstruct(
            "Metrics",
            [(field, float) for field in fields],
            rename=dict(zip(fields, shape, strict=True)),
            forbid_unknown_fields=True,
            gc=False,
        )
        needed = [("agent_id", str), ("metrics", metrics), ("sequence", _Sequence, None)]
        self._plain = _decoder("Plain", needed)
        self._full = _decoder("Full", [*needed, *_ASIDE])
        zeros = _encode(metrics(*[0.0] * len(shape)))
        self._size = len(zeros)
        self._at = _places(zeros, shape)

    def read(self, values: Sequence[bytes]) -> Read | None:
        """Return what `values` say, or None unless all of them are of this form."""
        text = b"\n".join(values)
        if not _line_by_line(text, len(values)):
            return None
        for decoder in (self._plain, self._full):
            try:
                said: list[Any] = decoder.decode_lines(text)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                continue
            return self._read(said, decoder) if len(said) == len(values) else None
        return None

    def pick(self, values: Sequence[bytes]) -> tuple[list[int], Read]:
        """Return which of `values` are of this form, and what those say."""
        good: list[int] = []
        said: list[Any] = []
        for place, value in enumerate(values):
            try:
                said.append(self._full.decode(value))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                if place >= _TRIED and not good:
                    break
            else:
                good.append(place)
        return good, self._read(said, self._full)

    def _read(self, said: list[Any], decoder: msgspec.json.Decoder[Any]) -> Read:
        asides = None
        if decoder is self._full:
            asides = [Aside(one.at, one.status, one.agent_type, one.labels) for one in said]
        return Read([one.agent_id for one in said], self._metrics(said), asides)

    def _metrics(self, said: list[Any]) -> Floats:
        packed = _encode([one.metrics for one in said])
        first = len(packed) - len(said) * self._size
        found = np.empty((len(said), len(self._at)))
        if not said:
            return found
        for place, at in enumerate(self._at):
            found[:, place] = np.ndarray((len(said),), ">f8", packed, first + at, (self._size,))
        return found


def _decoder(name: str, fields: Sequence[Any]) -> msgspec.json.Decoder[Any]:
    kind = msgspec.defstruct(name, fields, forbid_unknown_fields=True, gc=False)
    return msgspec.json.Decoder(kind)


def _line_by_line(text: bytes, values: int) -> bool:
    """Say whether each line is a value from brace to brace: so none is the half of another."""
    held = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(held == _NEWLINE)
    if len(ends) != values - 1 or text[:1] != b"{" or text[-1:] != b"}":
        return False
    return bool((held[ends - 1] == _CLOSING).all() and (held[ends + 1] == _OPENING).all())


def _places(packed: bytes, shape: tuple[str, ...]) -> list[int]:
    """Return where the number of each metric begins in a packed heartbeat of zeros."""
    number = len(_encode(0.0)) - 1
    places, end = [], len(packed)
    for name in reversed(shape):
        places.append(end - number)
        end -= 1 + number + len(_encode(name))
    return places[::-1]


@lru_cache(maxsize=_KEPT)
def shaped(shape: tuple[str, ...]) -> Shaped:
    """Return what reads heartbeats of `shape`."""
    return Shaped(shape)
