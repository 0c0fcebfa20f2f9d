"""How long somebody has to answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waitlist.answering import answer_by

LONDON = ZoneInfo("Europe/London")


@dataclass
class Terms:
    shortest_answer_minutes: int = 15
    longest_answer_minutes: int = 24 * 60
    too_close_minutes: int = 60
    quiet_from: time = time(21)
    quiet_until: time = time(8)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


@pytest.mark.parametrize(
    ("now", "starts", "until"),
    [
        ("2026-11-23T09:00", "2026-11-23T15:00", "2026-11-23T10:00"),
        ("2026-11-23T09:00", "2026-11-23T10:20", "2026-11-23T09:15"),
        ("2026-11-23T20:30", "2026-11-26T20:30", "2026-11-24T19:30"),
        ("2026-11-23T23:00", "2026-11-24T14:00", "2026-11-24T09:00"),
        ("2026-11-23T07:00", "2026-11-23T12:00", "2026-11-23T08:40"),
        # The night in which clocks go forward has one quiet hour fewer, and takes none of the patient's.
        ("2026-03-28T20:00", "2026-03-29T20:00", "2026-03-29T10:50"),
    ],
)
def test_a_part_of_the_time_left_outside_quiet_hours(now, starts, until):
    assert answer_by(at(now), at(starts), Terms(), LONDON) == at(until).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "starts"), [("2026-11-23T09:00", "2026-11-23T10:10"), ("2026-11-23T23:00", "2026-11-24T09:00")]
)
def test_what_is_too_close_is_not_asked(now, starts):
    assert answer_by(at(now), at(starts), Terms(), LONDON) is None


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 365 * 24 * 60), st.integers(0, 60 * 24 * 60))
def test_whoever_is_asked_has_the_shortest_time_awake_and_an_answer_comes_in_time(minute, distance):
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    starts = now + timedelta(minutes=distance)

    until = answer_by(now, starts, Terms(), LONDON)

    if until is not None:
        assert now + timedelta(minutes=15) <= until <= starts - timedelta(minutes=60)
        awake = sum(
            8 <= (now + timedelta(minutes=m)).astimezone(LONDON).hour < 21
            for m in range((until - now) // timedelta(minutes=1))
        )
        assert 14 <= awake <= 24 * 60
