from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processors.detection.arithmetic import SCALAR, VECTOR, Arithmetic, Value, ln
from processors.detection.explain import one_in
from processors.detection.moment import moment, moments


@given(st.floats(1e-3, 1e6))
def test_the_logarithm_is_close_and_the_same_by_value_and_by_vector(a: float) -> None:
    alone = ln(SCALAR, a)
    assert math.isclose(alone, math.log(a), rel_tol=0.0, abs_tol=2e-8)
    assert ln(VECTOR, np.array([a, a]))[1] == alone


@given(st.floats(0.0, 4e9))
def test_moments_are_those_of_each(at: float) -> None:
    one, many = moment(at), moments(np.array([at]))
    assert [column[0] for column in many] == list(one)
    assert 0 <= one.hour < 24
    assert 0 <= one.lean <= 0.5
    assert (one.hour - one.beside) % 24 in (1, 23)


def inverse(m: Arithmetic, a: Value) -> Value:
    return m.maximum(1.0 / a, 0.25)


@given(st.lists(st.sampled_from([0.0, 0.5, 2.0, 8.0]), min_size=1, max_size=6))
def test_a_vector_chooses_as_each_of_its_values(values: list[float]) -> None:
    column = np.array(values)
    chosen = VECTOR.where(column > 1.0, column, -column)
    some = VECTOR.rarely(column > 1.0, inverse, column)
    assert chosen.tolist() == [SCALAR.where(a > 1.0, a, -a) for a in values]
    assert some.tolist() == [SCALAR.rarely(a > 1.0, inverse, a) for a in values]
    assert VECTOR.where(column > 9.0, 1.0, 3.0).tolist() == [3.0] * len(values)


def test_rarity_is_told_by_one_digit() -> None:
    assert [one_in(rarity) for rarity in (0.0, 3.0, 7.0, 1000.0)] == [1, 20, 1000, 1_000_000]
