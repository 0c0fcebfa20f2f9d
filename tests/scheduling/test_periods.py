"""Local time and UTC, on ordinary days and when the clocks change."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling import periods
from scheduling.periods import Period
from tests.scheduling import oracle

LONDON = ZoneInfo("Europe/London")
ZONES = ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Auckland", "Asia/Kathmandu", "UTC"]


def test_a_time_that_the_clocks_skip_moves_forward_by_what_they_skip():
    assert periods.to_utc(date(2026, 3, 29), time(1, 30), LONDON) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert datetime(2026, 3, 29, 1, 30, tzinfo=UTC).astimezone(LONDON).time() == time(2, 30)


def test_of_a_time_that_comes_twice_the_first_is_meant():
    assert periods.to_utc(date(2026, 10, 25), time(1, 30), LONDON) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_a_local_day_has_23_24_or_25_hours(day, hours):
    start, end = periods.local_day_bounds(day, LONDON)
    assert (end - start).total_seconds() == hours * 3600


@given(
    day=st.dates(date(2024, 1, 1), date(2030, 12, 31)),
    minute=st.integers(0, 24 * 60 - 1),
    zone=st.sampled_from(ZONES),
)
def test_wall_clock_times_become_the_instants_that_the_oracle_finds(day, minute, zone):
    at = time(minute // 60, minute % 60)
    assert periods.to_utc(day, at, ZoneInfo(zone)) == oracle.instant(day, at, ZoneInfo(zone))


def test_periods_are_half_open():
    nine, ten, eleven = (datetime(2026, 6, 1, hour, tzinfo=UTC) for hour in (9, 10, 11))
    assert not Period(nine, ten).overlaps(Period(ten, eleven))
    assert Period(nine, eleven).overlaps(Period(ten, eleven))
    assert Period(nine, eleven).contains(Period(ten, eleven))
    assert not Period(nine, ten).contains(Period(nine, eleven))


def test_a_range_is_read_in_local_time_and_names_the_days_only_where_they_differ():
    start = datetime(2026, 6, 1, 11, 30, tzinfo=UTC)
    assert periods.local_span(start, start.replace(hour=12, minute=15), LONDON) == "12:30 to 13:15"
    assert periods.local_span(start, start.replace(day=3), LONDON) == "Mon 1 Jun 12:30 to Wed 3 Jun 12:30"
