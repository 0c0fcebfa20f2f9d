"""Whenever the demo clinics are made, they show everything, and the same."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from auditlog.context import disable_auditlog
from django.db import transaction

from scheduling.demo.bulk import reserve_keys
from scheduling.demo.load import Size, imagine
from scheduling.models import Resource, Status

pytestmark = pytest.mark.django_db
LONDON = ZoneInfo("Europe/London")

# A weekday each, by day and by night: around changes of the clocks, and the ends of a month, of a year and of February.
MOMENTS = (
    "2026-08-31 07:00",
    "2028-02-29 19:05",
    "2026-12-30 12:59",
    "2026-12-31 23:59",
    "2027-01-01 00:00",
    "2026-03-28 21:30",
    "2026-10-25 03:15",
)


@pytest.mark.parametrize("moment", MOMENTS)
def test_there_is_something_of_everything_whenever_the_demo_is_made(moment):
    with disable_auditlog():
        world = imagine(datetime.fromisoformat(moment).replace(tzinfo=LONDON), Size(patients=2000, weeks=1))
    reviewed = [visit for visit in world.visits if visit.status == Status.REQUIRES_REVIEW]
    blocked = [visit for visit in reviewed if "the time was blocked" in visit.fields["review_reason"]]

    assert {visit.status for visit in world.visits} == set(Status.values)
    assert {visit.fields["review_reason"].partition(":")[0] for visit in blocked} == {
        "Theatre cover", "Floor being repaired", "Called away", "Probe fault"
    }  # fmt: skip
    assert all(visit.start >= world.horizon.now_cell for visit in blocked)
    assert len(reviewed) > len(blocked), "no override waits for a second person"
    assert any(part.overbooked for visit in world.visits for part in visit.parts)
    assert {visit.cancellation["is_late"] for visit in world.visits if visit.cancellation} == {True, False}


def test_it_is_the_same_whatever_keys_the_database_gives():
    told = []
    for _ in range(2):
        reserve_keys(Resource, 1)
        with disable_auditlog(), transaction.atomic():
            world = imagine(datetime(2026, 11, 24, 10, 42, tzinfo=LONDON), Size(patients=200, weeks=0))
            told.append([(visit.start, visit.patient, visit.status) for visit in world.visits])
            transaction.set_rollback(True)

    assert told[0] == told[1]
