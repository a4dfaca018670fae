"""Tables and cells as people write them; what cannot be read is named with its remedy."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from projections.backtest.cells import seconds_of, values_of
from projections.backtest.files import BacktestError
from projections.backtest.tables import Table, opened

PACKED = gzip.compress(b"timestamp,a\n1,2\n", mtime=0)


def rows(path: Path) -> list[list[float | None]]:
    with opened(path) as file:
        return [list(values) for _, _, values in Table(file, path)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "line 1: needs a header"),
        (b"timestamp\n1\n", "line 1: needs a header"),
        (b"timestamp;a\n1;2\n", "at least one metric, divided by commas and not by semicolons"),
        (b"timestamp,a,a\n1,2,3\n", "line 1: column 'a' must occur once; give each"),
        (b"timestamp,a,\n1,2,3\n", "line 1: column 3 has no name"),
        (b"2024-01-01 00:00:00,2\n", "line 1: '2024-01-01 00:00:00' is no name; needs a header"),
        (b"cpu,time\n2,1\n", "line 1: the first column must be the timestamp, and column 2 is"),
        (b"timestamp,a\n1,2\n2,x\n", "line 3: a is 'x'; write a number"),
        (b"timestamp,a\n\n1,2\n\n2,x\n", "line 5: a is 'x'; write a number"),
        (b"timestamp,a\nyesterday,2\n", "line 2: timestamp is 'yesterday'; write ISO 8601"),
        (b"timestamp,a\n,2\n", "line 2: timestamp is ''; write ISO 8601"),
        (b"timestamp,a\n1e300,2\n", "line 2: timestamp is '1e300'; write ISO 8601"),
        (b"timestamp,a\n1,2,3\n", "line 2: 3 cells, where the header has 2"),
        (b'timestamp,a\n1,"2\n3,4\n5,6\n' + b"7,8\n" * 99, "line 103: a is '2\\n3,4\\n5,6\\n7,8"),
        (b'timestamp,a\n1,"' + b"2" * 200_000, "line 2: field larger than field limit"),
        (b"timestamp,a\n1,\xff\n", "byte 0xff is not UTF-8; save the file as UTF-8"),
    ],
)
def test_bad_input_is_named(tmp_path: Path, text: bytes, told: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(text)
    with pytest.raises(
        BacktestError, match=f"{re.escape(f'{path}: ')}.*{re.escape(told)}"
    ) as error:
        rows(path)
    assert len(str(error.value)) < len(str(path)) + 200


@pytest.mark.parametrize("packed", [PACKED[:-9], PACKED[:10] + b"\xff" * 9, b"1"])
def test_what_is_no_whole_gzip_is_named(tmp_path: Path, packed: bytes) -> None:
    path = tmp_path / "bad.csv.gz"
    path.write_bytes(packed)
    with pytest.raises(BacktestError, match=rf"{re.escape(str(path))}: .*; pack the file again"):
        rows(path)


def test_files_of_other_programs_are_read(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_bytes(b'\xef\xbb\xbf"timestamp","a, b",c\r\n"1","2.5",  3 \r\n\r\n2,N/A,\r\n')
    assert rows(path) == [[2.5, 3.0], [None, None]]


def test_what_is_not_finite_is_missing_and_what_is_huge_is_not() -> None:
    assert values_of(["1e300", "-1.7e308", "5"]) == [1e300, -1.7e308, 5.0]
    assert values_of(["nan", "inf", "-Infinity", "1e999", "3"]) == [None, None, None, None, 3.0]
    assert values_of(["1.7e308", "1.7e308"]) == [1.7e308, 1.7e308]
    assert values_of(["", "null", "None", "NA", " - ", "7"]) == [None] * 5 + [7.0]


def test_times_are_read_as_people_write_them() -> None:
    texts = (
        "2014-02-14T14:30:00Z",
        "2014-02-14 15:30:00+01:00",
        " 2014-02-14 14:30:00 ",
        "20140214T143000Z",
        "1392388200",
        "1392388200.0",
        "1392388200000",
        "1392388200000000",
        "1392388200000000000",
    )
    assert {seconds_of(text) for text in texts} == {1392388200.0}
    assert seconds_of("20140214") == seconds_of("2014-02-14")


def test_milliseconds_that_would_do_as_a_basic_date_are_milliseconds() -> None:
    assert seconds_of("1612051200000") == seconds_of("2021-01-31")
