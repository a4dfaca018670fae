"""One arithmetic for a single value and for a vector of them.

The rules of the detector are written once, against `Arithmetic`. `VECTOR` carries them out for a
whole fetch, `SCALAR` for one row at a time, where calling NumPy would cost more than the sums
themselves. Both use IEEE 754 operations that are rounded exactly (+ - * / and square root) and
so give the same bits, on every processor.
"""

from __future__ import annotations

import math
from typing import Any, Final, Protocol

import numpy as np

Value = Any
"""A float, or an array of floats."""
Truth = Any
"""A bool, or an array of bools."""

_LN2: Final = 0.6931471805599453


class Arithmetic(Protocol):
    """What differs between a value and a vector."""

    def where(self, condition: Truth, yes: Value, no: Value) -> Value:
        """Return `yes` where `condition` holds, else `no`."""
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
    def maximum(a: float, b: float) -> float:
        """Return the larger."""
        return max(b, a)

    @staticmethod
    def minimum(a: float, b: float) -> float:
        """Return the smaller."""
        return min(b, a)


class Vector:
    """Arrays of NumPy."""

    where = staticmethod(np.where)
    maximum = staticmethod(np.maximum)
    minimum = staticmethod(np.minimum)
    sqrt = staticmethod(np.sqrt)
    floor = staticmethod(np.floor)
    frexp = staticmethod(np.frexp)


SCALAR: Final[Arithmetic] = Scalar()
VECTOR: Final[Arithmetic] = Vector()


def ratio(m: Arithmetic, a: Value, b: Value) -> Value:
    """Return ``a / b``, and `a` where `b` is not positive."""
    return a / m.where(b > 0.0, b, 1.0)


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
