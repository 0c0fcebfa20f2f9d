"""Every rule about time, on days when clocks change, in three zones; one of them shifts by half an hour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reminders import reasons, timing
from reminders.kinds import AFTER_VISIT, BEFORE_VISIT, CANNOT_WAIT, TELLING
from reminders.models import Kind
from reminders.models.rule import TO_STAFF

CHANGES = {
    "Europe/London": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
}
"""The days on which the clocks change."""
MINUTE = timedelta(minutes=1)
LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True)
class Terms:
    """A rule's terms without a database."""

    months: int = 0
    days: int = 0
    minutes: int = 0
    at_time: time | None = None
    quiet_from: time = time(20)
    quiet_until: time = time(8)
    latest_minutes_before: int = 60
    skip_when_booked_within: int = 0


clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
places = st.sampled_from(
    [(ZoneInfo(name), day) for name, days in CHANGES.items() for day in days],
)
terms_of_any_kind = st.builds(
    Terms,
    months=st.sampled_from([0, 0, 0, 1, 6]),
    days=st.integers(-6, 6),
    minutes=st.sampled_from([0, -30, -90, 45, 120, -60 * 24, 60 * 24]),
    at_time=st.none() | clocks,
    quiet_from=clocks,
    quiet_until=clocks,
    latest_minutes_before=st.sampled_from([0, 15, 60, 240, 1440]),
    skip_when_booked_within=st.sampled_from([0, 60, 720, 1440, 4320]),
).filter(lambda terms: terms.quiet_from != terms.quiet_until)
patients_kinds = st.sampled_from(sorted(set(Kind) - TO_STAFF))


@st.composite
def visits(draw: st.DrawFn) -> timing.Times:
    """A visit within four days of a change of the clocks, booked up to ten days before."""
    zone, change = draw(places)
    day = change + timedelta(days=draw(st.integers(-4, 4)))
    local = datetime.combine(day, draw(clocks), tzinfo=zone).replace(fold=draw(st.integers(0, 1)))
    starts_at = local.astimezone(UTC)
    booked_at = starts_at - timedelta(minutes=draw(st.integers(1, 10 * 24 * 60)))
    return timing.Times(starts_at, starts_at + timedelta(minutes=30), booked_at, zone)


def wall_clock_minutes(at: datetime, zone: ZoneInfo) -> int:
    local = at.astimezone(zone)
    return local.hour * 60 + local.minute


def quiet_by_the_wall(terms: Terms, at: datetime, zone: ZoneInfo) -> bool:
    """The slow and obvious way: round the clock from the beginning of quiet hours, minute by minute."""
    begins, ends = (each.hour * 60 + each.minute for each in (terms.quiet_from, terms.quiet_until))
    now = wall_clock_minutes(at, zone)
    return (now - begins) % 1440 < (ends - begins) % 1440


def minutes_between(first: datetime, last: datetime) -> Iterator[datetime]:
    while first <= last:
        yield first
        first += MINUTE


@given(patients_kinds, terms_of_any_kind, visits(), st.integers(0, 12 * 24 * 60))
def test_no_message_is_due_in_quiet_hours_too_early_or_too_late(kind, terms, times, elapsed):
    now = times.booked_at + timedelta(minutes=elapsed)
    told_at = times.booked_at if kind in TELLING else None
    when = timing.timed(kind, terms, times, now=now, told_at=told_at)
    if when.reason:
        return

    assert not quiet_by_the_wall(terms, when.due_at, times.zone)
    assert now <= when.due_at <= when.not_after
    if kind in BEFORE_VISIT | TELLING:
        latest = 0 if kind in CANNOT_WAIT else terms.latest_minutes_before
        assert when.due_at <= times.starts_at - timedelta(minutes=latest)


@given(terms_of_any_kind, visits(), st.integers(0, 3 * 24 * 60))
def test_a_reminder_is_given_up_only_when_it_is_quiet_until_the_latest_moment(terms, times, notice):
    now = times.starts_at - timedelta(minutes=notice)
    when = timing.timed(Kind.CANCELLED, terms, times, now=now, told_at=now)
    assume(not any(each.astimezone(times.zone).fold for each in (now, times.starts_at)))
    nights = minutes_between(now, times.starts_at - timing.TO_DELIVER)
    assume(not any(each.astimezone(times.zone).fold for each in nights))

    if when.reason == reasons.NO_TIME_LEFT:
        chances = minutes_between(now, times.starts_at - timing.TO_DELIVER)
        assert all(quiet_by_the_wall(terms, each, times.zone) for each in chances)


@given(st.integers(-6, 6), visits())
def test_days_keep_the_wall_clock(days, times):
    reached = timing.moment(Terms(days=days), times.starts_at, times.zone).astimezone(times.zone)
    start = times.starts_at.astimezone(times.zone)

    assume(_exists(datetime.combine(start.date() + timedelta(days=days), start.time()), times.zone))
    assert reached.date() == start.date() + timedelta(days=days)
    assert reached.time() == start.time()


@given(st.integers(-6, 6), clocks, visits())
def test_a_time_of_day_is_the_clinics(days, at_time, times):
    reached = timing.moment(Terms(days=days, at_time=at_time), times.starts_at, times.zone).astimezone(times.zone)
    wanted = datetime.combine(times.starts_at.astimezone(times.zone).date() + timedelta(days=days), at_time)

    assume(_exists(wanted, times.zone))
    assert (reached.date(), reached.time()) == (wanted.date(), wanted.time())


@given(st.integers(-6000, 6000), visits())
def test_minutes_are_those_that_pass_whatever_the_clocks_do(minutes, times):
    reached = timing.moment(Terms(minutes=minutes), times.starts_at, times.zone)

    assert reached - times.starts_at == timedelta(minutes=minutes)


def _exists(local: datetime, zone: ZoneInfo) -> bool:
    """Whether the clocks show this time on its day, rather than skip it."""
    aware = local.replace(tzinfo=zone)
    return aware.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local


@given(terms_of_any_kind, visits(), st.integers(0, 48 * 60))
def test_quiet_hours_end_at_the_first_minute_that_is_not_quiet(terms, times, before):
    at = times.starts_at - timedelta(minutes=before)
    assume(_exists(datetime.combine(at.astimezone(times.zone).date(), terms.quiet_until), times.zone))
    assume(_exists(datetime.combine(at.astimezone(times.zone).date() + timedelta(1), terms.quiet_until), times.zone))
    ends = timing.quiet_ends(terms, at, times.zone)

    assert (ends is not None) == quiet_by_the_wall(terms, at, times.zone)
    if ends is not None:
        assert not quiet_by_the_wall(terms, ends, times.zone)
        assert all(quiet_by_the_wall(terms, each, times.zone) for each in minutes_between(at, ends - MINUTE))


@given(st.sampled_from(sorted(BEFORE_VISIT)), terms_of_any_kind, visits())
def test_a_reminder_is_left_out_exactly_when_the_confirmation_is_that_fresh(kind, terms, times):
    wanted = timing.moment(terms, times.starts_at, times.zone)
    fresh = timedelta(minutes=terms.skip_when_booked_within)
    when = timing.timed(kind, terms, times, now=times.booked_at)

    left_out = bool(fresh) and wanted < times.booked_at + fresh
    assert (when.reason == reasons.CONFIRMATION_SAYS_IT) == left_out


@given(st.sampled_from(sorted(AFTER_VISIT)), terms_of_any_kind, visits())
def test_what_follows_a_visit_is_counted_from_its_end(kind, terms, times):
    when = timing.timed(kind, terms, times, now=times.booked_at - timedelta(days=30))
    assume(not when.reason)

    pushed = when.due_at - timing.moment(terms, times.ends_at, times.zone)
    assert -timedelta(hours=25) <= pushed <= timedelta(hours=25)


# --- Said in words ----------------------------------------------------------------------------------------------------


def at(*parts: int) -> datetime:
    return datetime(2026, *parts, tzinfo=LONDON)


def booked_long_ago(starts_at: datetime) -> timing.Times:
    return timing.Times(starts_at, starts_at + timedelta(minutes=30), starts_at - timedelta(days=30), LONDON)


def due(kind: Kind, terms: Terms, starts_at: datetime, now: datetime | None = None) -> datetime:
    times = booked_long_ago(starts_at)
    return timing.timed(kind, terms, times, now=now or times.booked_at).due_at


def test_two_days_before_a_monday_at_ten_is_saturday_at_ten_though_the_clocks_change_on_sunday():
    assert due(Kind.UPCOMING, Terms(days=-2), at(3, 30, 10)) == at(3, 28, 10)


def test_a_reminder_for_an_early_visit_waits_for_the_morning():
    assert due(Kind.UPCOMING, Terms(days=-2), at(6, 10, 7, 15)) == at(6, 8, 8)


def test_where_the_morning_is_too_late_it_goes_out_the_evening_before():
    assert due(Kind.SAME_DAY, Terms(at_time=time(7)), at(6, 10, 8, 30)) == at(6, 9, 19)


def test_a_reminder_wanted_later_than_the_latest_goes_out_just_before_it():
    assert due(Kind.SAME_DAY, Terms(at_time=time(11)), at(6, 10, 11, 30)) == at(6, 10, 10, 25)


def test_a_confirmation_of_a_booking_at_night_waits_for_the_morning():
    times = timing.Times(at(6, 10, 15), at(6, 10, 16), at(6, 8, 23), LONDON)

    assert timing.timed(Kind.BOOKED, Terms(), times, now=times.booked_at, told_at=times.booked_at).due_at == at(6, 9, 8)


def test_a_visit_cancelled_at_night_before_an_early_start_leaves_no_time_to_write():
    times = booked_long_ago(at(6, 10, 7, 30))
    when = timing.timed(Kind.CANCELLED, Terms(), times, now=at(6, 9, 22), told_at=at(6, 9, 22))

    assert when.reason == reasons.NO_TIME_LEFT


@pytest.mark.parametrize(("hours_before", "skipped"), [(71, True), (73, False)])
def test_booked_within_a_day_of_the_reminder_the_confirmation_says_it(hours_before, skipped):
    starts_at = at(6, 10, 10)
    times = timing.Times(starts_at, starts_at, starts_at - timedelta(hours=hours_before), LONDON)
    when = timing.timed(Kind.UPCOMING, Terms(days=-2, skip_when_booked_within=1440), times, now=times.booked_at)

    assert bool(when.reason) is skipped


def test_preparation_is_told_at_once_to_who_books_after_its_moment():
    times = timing.Times(at(6, 10, 10), at(6, 10, 11), at(6, 9, 12), LONDON)

    assert timing.timed(Kind.PREPARATION, Terms(days=-3), times, now=at(6, 9, 12)).due_at == at(6, 9, 12)


def test_a_night_in_which_half_past_one_comes_twice_is_quiet_both_times():
    terms = Terms(quiet_from=time(20), quiet_until=time(8))
    first, second = (datetime(2026, 10, 25, 1, 30, fold=fold, tzinfo=LONDON) for fold in (0, 1))

    assert timing.quiet_ends(terms, first, LONDON) == timing.quiet_ends(terms, second, LONDON) == at(10, 25, 8)
    assert timing.quiet_began(terms, second, LONDON) == at(10, 24, 20)


@given(visits(), st.integers(1, 60))
def test_months_are_counted_on_the_calendar_and_keep_the_clock(times, months):
    due = timing.moment(Terms(months=months), times.ends_at, times.zone).astimezone(times.zone)
    visit = times.ends_at.astimezone(times.zone)

    assert (due.year * 12 + due.month) - (visit.year * 12 + visit.month) == months
    assert due.day == visit.day or (due.day < visit.day and (due + timedelta(days=1)).day == 1)


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 1, 31), 12, date(2027, 1, 31)),
    ],
)
def test_a_shorter_month_ends_on_its_last_day(day, months, then):
    assert timing.months_later(day, months) == then
