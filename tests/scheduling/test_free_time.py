"""Free times in addresses: read as they were written, in whatever zone, and anything else is none."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.queries.free_time import FreeTime

BEGIN, END = datetime(2001, 1, 1), datetime(2099, 12, 30)  # noqa: DTZ001 - the strategy gives them their zone


@given(
    st.datetimes(BEGIN, END, timezones=st.just(ZoneInfo("Asia/Kolkata"))),
    st.integers(1, 1440),
)
def test_an_address_says_the_same_instants_in_any_zone(start, minutes):
    start = start.replace(second=0, microsecond=0)
    free = FreeTime(1, 2, start, start + timedelta(minutes=minutes))

    assert FreeTime.of(dict(parse_qsl(free.query))) == free


@pytest.mark.parametrize(
    "wrong",
    [
        {"clinic": ""},
        {"doctor": "²"},
        {"doctor": "1" * 10},
        {"from": "2026-11-25"},
        {"from": "2026-11-25T10:00"},
        {"from": "2026-13-25T10:00Z"},
        {"from": "0001-01-01T00:00+14:00"},
        {"until": "2026-11-25T10:00Z"},
        {"until": "2026-11-26T10:01Z"},
    ],
)
def test_anything_else_names_no_time(wrong):
    right = {"clinic": "1", "doctor": "2", "from": "2026-11-25T10:00Z", "until": "2026-11-25T11:00Z"}

    assert FreeTime.of(right)
    assert FreeTime.of(right | wrong) is None
