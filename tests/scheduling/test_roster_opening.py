"""When a clinic is open: closures and hours, and the visits they hit, the neighbours' untouched."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from carebridge.errors import NotAllowed
from scheduling.errors import RosterConflict
from scheduling.models import ClinicClosure, OpeningHours, ScheduleEvent, Status
from scheduling.roster.opening import Opening, close_clinic, reopen_clinic, set_opening_hours

pytestmark = pytest.mark.django_db

WEEK = [Opening(day, time(8), time(18)) for day in range(5)]


def at(day: date, clock: str, clinic) -> datetime:
    """A wall-clock time at the clinic."""
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=clinic.zone)


@pytest.fixture
def close(harbour, clinic_admin, monday):
    """Closes Harbour on Monday morning, unless told otherwise."""

    def run(begin: str = "08:00", end: str = "12:00", **changes):
        wish = {
            "clinic": harbour,
            "starts_at": at(monday, begin, harbour),
            "ends_at": at(monday, end, harbour),
            "reason": "burst pipe",
            "by": clinic_admin,
        }
        return close_clinic(**(wish | changes))

    return run


def status_of(appointment) -> str:
    appointment.refresh_from_db()
    return appointment.status


def test_a_closure_sends_the_days_visits_to_review_and_reopening_brings_them_back(visit, close, clinic_admin):
    closure = close()
    assert status_of(visit) == Status.REQUIRES_REVIEW
    assert visit.review_reason == "Harbour Street: closed 08:00 to 12:00, burst pipe"

    reopen_clinic(closure=closure, by=clinic_admin)
    assert status_of(visit) == Status.CONFIRMED
    assert not ClinicClosure.objects.exists()


def test_a_closure_that_begins_as_the_visit_ends_leaves_it_although_the_buffer_runs_on(visit, close):
    close("10:30", "12:00")

    assert status_of(visit) == Status.CONFIRMED


def test_a_closure_elsewhere_hits_nobody_here(visit, close, northgate, manager):
    close(clinic=northgate, by=manager)

    assert status_of(visit) == Status.CONFIRMED


def test_a_closure_raises_the_clinics_version_and_is_history(close, harbour):
    before = harbour.schedule_version

    close()

    harbour.refresh_from_db()
    assert harbour.schedule_version == before + 1
    assert ScheduleEvent.objects.filter(kind="roster.clinic_closed", clinic=harbour).count() == 1


def test_opening_later_sends_earlier_visits_to_review_and_opening_as_before_brings_them_back(
    visit, harbour, clinic_admin
):
    later = [each._replace(starts=time(10, 15)) for each in WEEK]
    set_opening_hours(clinic=harbour, hours=later, by=clinic_admin)
    assert status_of(visit) == Status.REQUIRES_REVIEW

    set_opening_hours(clinic=harbour, hours=WEEK, by=clinic_admin)
    assert status_of(visit) == Status.CONFIRMED
    assert OpeningHours.objects.filter(clinic=harbour).count() == 5


def test_opening_hours_that_overlap_are_refused_and_the_old_ones_stay(harbour, clinic_admin):
    with pytest.raises(RosterConflict):
        set_opening_hours(clinic=harbour, hours=[*WEEK, Opening(0, time(17), time(20))], by=clinic_admin)

    assert OpeningHours.objects.filter(clinic=harbour).count() == 5


def test_an_administrator_of_another_clinic_may_not_close_this_one(close, receptionist, receptionist_elsewhere):
    for outsider in (receptionist, receptionist_elsewhere):
        with pytest.raises(NotAllowed):
            close(by=outsider)
