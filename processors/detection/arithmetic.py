"""One arithmetic for a single value and for a vector of them.

The rules of the detector are written once, against `Arithmetic`. `VECTOR` carries them out for a
whole fetch, `SCALAR` for one row at a time, where calling NumPy would cost more than the sums
themselves. Both use IEEE 754 operations that are rounded exactly (+ - * / and square root) and
so give the same bits, on every processor.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, Protocol

import numpy as np

from processors.columns import Bools, Floats

Value = Any
"""A float, or an array of floats."""
Truth = Any
"""A bool, or an array of bools."""

_LN2: Final = 0.6931471805599453
_LEAST: Final = 1e-250
"""Less than any number that is kept in single precision, and more than what would overflow."""


class Arithmetic(Protocol):
    """What differs between a value and a vector."""

    def where(self, condition: Truth, yes: Value, no: Value) -> Value:
        """Return `yes` where `condition` holds, else `no`."""
        ...

    def rarely(self, condition: Truth, rule: Callable[..., Value], *given: Value) -> Value:
        """Return what `rule`, given this arithmetic first, makes of `given`; else 0.

        For what seldom holds: nothing is computed where it does not.
        """
        ...

    def maximum(self, a: Value, b: Value) -> Value:
        """Return the larger."""
        ...

    def minimum(self, a: Value, b: Value) -> Value:
        """Return the smaller."""
        ...

    def sqrt(self, a: Value) -> Value:
        """Return the square root."""
        ...

    def floor(self, a: Value) -> Value:
        """Return the largest whole number that is not above `a`."""
        ...

    def frexp(self, a: Value) -> tuple[Value, Value]:
        """Return mantissa in [0.5, 1) and exponent."""
        ...


class Scalar:
    """Python's own floats."""

    sqrt = staticmethod(math.sqrt)
    floor = staticmethod(math.floor)
    frexp = staticmethod(math.frexp)

    @staticmethod
    def where(condition: bool, yes: float, no: float) -> float:
        """Return `yes` where `condition` holds, else `no`."""
        return yes if condition else no

    @staticmethod
    def rarely(condition: bool, rule: Callable[..., float], *given: float) -> float:
        """Return what `rule` makes of `given` where `condition` holds, else 0."""
        return rule(SCALAR, *given) if condition else 0.0

    @staticmethod
    def maximum(a: float, b: float) -> float:
        """Return the larger."""
        return max(b, a)

    @staticmethod
    def minimum(a: float, b: float) -> float:
        """Return the smaller."""
        return min(b, a)


class Vector:
    """Arrays of NumPy."""

    maximum = staticmethod(np.maximum)
    minimum = staticmethod(np.minimum)
    sqrt = staticmethod(np.sqrt)
    floor = staticmethod(np.floor)
    frexp = staticmethod(np.frexp)

    @staticmethod
    def where(condition: Bools, yes: Value, no: Value) -> Value:
        """Return `yes` where `condition` holds, else `no`.

        Most conditions hold for all series of a fleet or for none (that a metric is known), and
        counting them costs a fifth of choosing.
        """
        held = np.count_nonzero(condition)
        chosen = yes if held == len(condition) else no
        if 0 < held < len(condition) or not isinstance(chosen, np.ndarray):
            return np.where(condition, yes, no)
        return chosen

    @staticmethod
    def rarely(condition: Bools, rule: Callable[..., Floats], *given: Floats) -> Floats:
        """Return what `rule` makes of `given` where `condition` holds, else 0."""
        found = np.zeros(len(condition))
        some = np.flatnonzero(condition)
        if len(some):
            found[some] = rule(VECTOR, *(each[some] for each in given))
        return found


SCALAR: Final[Arithmetic] = Scalar()
VECTOR: Final[Arithmetic] = Vector()


def ratio(m: Arithmetic, a: Value, b: Value) -> Value:
    """Return ``a / b``, and something finite where `b` is 0; `b` as kept in single precision."""
    return a / m.maximum(b, _LEAST)


def ln(m: Arithmetic, a: Value) -> Value:
    """Return the natural logarithm of a positive value, within 2e-9.

    The library's own logarithm may differ between processors in its last bit, and what it
    decides could then not be replayed. This is the series of the inverse hyperbolic tangent
    after the exponent has been taken off.

    Examples
    --------
    >>> round(ln(SCALAR, 10.0), 8)
    2.30258509
    """
    mantissa, exponent = m.frexp(a)
    # Between 1/sqrt(2) and sqrt(2) the series converges fastest.
    low = mantissa < 0.7071067811865476
    mantissa = m.where(low, mantissa * 2.0, mantissa)
    exponent = m.where(low, exponent - 1.0, exponent * 1.0)
    z = (mantissa - 1.0) / (mantissa + 1.0)
    y = z * z
    series = 1.0 + y * (1 / 3 + y * (1 / 5 + y * (1 / 7 + y * (1 / 9 + y * (1 / 11)))))
    return exponent * _LN2 + 2.0 * z * series
