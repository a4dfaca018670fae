"""Whatever was measured, a section tells it again, to a whole column and to one agent alike."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.windows.columns import Floats, Ints, decoded, encoded, merged
from projections.windows.lanes import section_reader, shortest_of, windows_in
from projections.windows.sections import AGENTS, HIGH, LAST, MEAN, shortest, window_of

MANY = 8
"""So many sections are read at once, where few are read one by one."""

NUMBERS = st.one_of(
    st.floats(-1e150, 1e150, allow_subnormal=False),
    st.floats(0, 100).map(lambda value: round(value, 3)),
    st.integers(-(10**6), 10**6).map(float),
    st.sampled_from([0.0, 1.0, 97.25, 0.1 + 0.2, 1e9 + 1, -1e-7]),
)
BOUNDS = st.one_of(st.just(float("nan")), NUMBERS)


@st.composite
def sections(draw: st.DrawFn) -> tuple[Ints, Floats]:
    lanes = sorted(draw(st.sets(st.integers(0, AGENTS - 1), min_size=1)))
    alike = draw(st.booleans())
    columns = []
    for _ in lanes:
        measured = sorted(draw(st.lists(NUMBERS, min_size=1 if alike else 3, max_size=3)))
        least, most = measured[0], measured[-1]
        last = draw(st.sampled_from(measured))
        mean = min(max(sum(measured) / len(measured), least), most)
        count = float(draw(st.integers(1, 300)))
        columns.append((least, most, last, count, mean, draw(BOUNDS), draw(BOUNDS)))
    return np.array(lanes), np.array(columns).T.copy()


def check(section: bytes, lanes: Ints, columns: Floats) -> None:
    found, again = decoded(section)
    assert found.tolist() == lanes.tolist()
    assert np.array_equal(again[: LAST + 2], columns[: LAST + 2])
    np.testing.assert_allclose(again[MEAN:], columns[MEAN:], rtol=2e-7)
    for lane in range(AGENTS):
        one = window_of(section, lane)
        assert windows_in([section] * MANY, lane) == [one] * MANY
        if lane not in found:
            assert one is None
            continue
        assert one is not None
        count, mean, least, most, last, low, high = one
        values = columns[:, lanes.tolist().index(lane)].tolist()
        assert [least, most, last, count] == values[:MEAN]
        assert least <= mean <= most
        assert [mean, low, high] == [
            None if value != value else pytest.approx(value, rel=5e-7) for value in values[MEAN:]
        ]


@settings(max_examples=60, deadline=None)
@given(sections())
def test_a_section_tells_what_was_measured(given_: tuple[Ints, Floats]) -> None:
    lanes, columns = given_
    (section,) = encoded(lanes, columns, np.zeros(1, np.int64))
    check(section, lanes, columns)


@settings(max_examples=40, deadline=None)
@given(sections(), sections())
def test_of_two_sections_the_later_counts(
    one: tuple[Ints, Floats], two: tuple[Ints, Floats]
) -> None:
    edge = np.zeros(1, np.int64)
    section = merged(encoded(*one, edge)[0], encoded(*two, edge)[0])
    rows = dict(zip(one[0].tolist(), one[1].T, strict=True))
    rows |= dict(zip(two[0].tolist(), two[1].T, strict=True))
    lanes = np.array(sorted(rows))
    check(section, lanes, np.array([rows[lane] for lane in lanes.tolist()]).T)


def test_blocks_that_are_cut_at_once_are_those_cut_one_by_one() -> None:
    drawn = np.random.default_rng(1)
    values = np.sort(drawn.normal(40.0, 3.0, (2, 130)).round(3), axis=0)
    columns = np.array([*values, values[1], np.full(130, 2.0), values.mean(0), *values])
    lanes, edges = np.arange(130) % AGENTS, np.array([0, 64, 128])
    for number, section in enumerate(encoded(lanes, columns, edges)):
        part = slice(number * AGENTS, min(130, (number + 1) * AGENTS))
        check(section, lanes[part], columns[:, part])
        if number < 2:
            assert len(section) / AGENTS < 14.0, "bytes an agent and metric"
    assert len(columns) == HIGH + 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(width=32, allow_infinity=False), min_size=1))
def test_numbers_of_a_column_have_the_digits_that_each_has_alone(values: list[float]) -> None:
    found = [None if value != value else value for value in shortest_of(np.array(values)).tolist()]
    assert found == [shortest(value) for value in values]


@pytest.mark.parametrize("metric", ["cpu", "section", "net:eth0/in", "_"])
def test_of_a_row_one_section_is_taken(metric: str) -> None:
    packed = msgspec.msgpack.encode({"other": b"1", metric: b"2"})
    assert section_reader(metric)(packed) == b"2"
    assert section_reader("missing")(packed) is None
    assert section_reader('"\n')(packed) is None
