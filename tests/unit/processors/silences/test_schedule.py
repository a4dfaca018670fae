"""Windows are told by the clock of a place, and held against the database of time zones."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from processors.silences.schedule import DAY_S, Window, next_turn, window_at
from streams.contracts.events.silence import Recurrence, SilenceCreated
from streams.producers.time_zones import offsets_of

SUMMER_BEGINS = dt.datetime(2026, 3, 29, 1, tzinfo=dt.UTC).timestamp()
FROM = dt.datetime(2026, 1, 1, tzinfo=dt.UTC).timestamp()
TO = dt.datetime(2027, 12, 31, tzinfo=dt.UTC).timestamp()


def recurring(zone: str, days: list[int], start_s: int, lasts_s: int) -> SilenceCreated:
    offsets = offsets_of(zone, FROM, TO)
    again = Recurrence(days, start_s, lasts_s, zone, offsets)
    return SilenceCreated("s", [], FROM, TO, "r", "ada", recurrence=again)


def shown(zone: str, *moment: int) -> float:
    return dt.datetime(*moment, tzinfo=ZoneInfo(zone)).timestamp()


def test_one_window_from_start_to_end() -> None:
    silence = SilenceCreated("s", [], 100.0, 200.0, "r", "ada")
    assert [window_at(silence, at) for at in (99.9, 200.0)] == [None, None]
    assert window_at(silence, 100.0) == Window(100.0, 200.0)
    assert [next_turn(silence, at) for at in (0.0, 100.0, 200.0)] == [100.0, 200.0, 200.0]


def test_a_night_that_is_an_hour_short_keeps_its_length_by_the_clock_of_its_beginning() -> None:
    silence = recurring("Europe/Berlin", [5, 6], 22 * 3600, 6 * 3600)
    before = shown("Europe/Berlin", 2026, 3, 28, 22)
    assert window_at(silence, SUMMER_BEGINS) == Window(before, before + 6 * 3600)
    assert next_turn(silence, SUMMER_BEGINS) == before + 6 * 3600
    again = shown("Europe/Berlin", 2026, 3, 29, 22)
    assert again - before == 23 * 3600
    assert next_turn(silence, before + 6 * 3600) == again


def test_windows_are_cut_where_the_silence_begins_and_ends() -> None:
    silence = recurring("UTC", [0, 1, 2, 3, 4, 5, 6], 0, DAY_S)
    midday = FROM + DAY_S / 2
    cut = SilenceCreated("s", [], midday, midday + 60, "r", "a", recurrence=silence.recurrence)
    assert window_at(cut, midday) == Window(midday, midday + 60)
    assert next_turn(cut, FROM - 40 * DAY_S) == midday
    assert next_turn(cut, midday + 60) == midday + 60


@given(
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC",
                          "Asia/Kathmandu", "America/St_Johns"]),
    day=st.integers(10, 700),
    start_s=st.integers(0, DAY_S - 1),
    lasts_s=st.integers(1, 3 * DAY_S),
)  # fmt: skip
def test_a_window_begins_when_the_clock_on_the_wall_says_so(
    zone: str, day: int, start_s: int, lasts_s: int
) -> None:
    date = dt.date(2026, 1, 1) + dt.timedelta(days=day)
    midnight = dt.datetime.combine(date, dt.time())
    begins = (midnight + dt.timedelta(seconds=start_s)).replace(tzinfo=ZoneInfo(zone)).timestamp()
    silence = recurring(zone, [date.weekday()], start_s, lasts_s)
    assert window_at(silence, begins) == Window(begins, min(begins + lasts_s, TO))
    assert window_at(silence, begins - 1) is None
    assert next_turn(silence, begins - 1) == begins
    assert next_turn(silence, begins) == min(begins + lasts_s, TO)
