"""The recurring week: sessions and breaks, who collides, and which visits no longer fit."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from django.utils import timezone

from carebridge.errors import InvalidInput, NotAllowed
from scheduling.booking import book_appointment
from scheduling.errors import RosterConflict
from scheduling.models import ExtraSession, RecurringBreak, ScheduleEvent, Status, WorkingHours
from scheduling.roster.extra_sessions import add_extra_session, remove_extra_session
from scheduling.roster.weekly import (
    add_break,
    add_working_hours,
    change_break,
    change_working_hours,
    end_working_hours,
    remove_break,
)
from tests import factories

pytestmark = pytest.mark.django_db


def at(day: date, clock: str, clinic) -> datetime:
    """A wall-clock time at the clinic."""
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=clinic.zone)


@pytest.fixture
def monday_hours(dr_osei) -> WorkingHours:
    return WorkingHours.objects.get(resource=dr_osei.resource, weekday=0)


@pytest.fixture
def add(dr_osei, harbour, clinic_admin, monday):
    """Gives Dr Osei a Saturday morning at Harbour, unless told otherwise."""

    def run(**changes):
        wish = {
            "resource": dr_osei.resource,
            "clinic": harbour,
            "weekday": 5,
            "starts": time(9),
            "ends": time(12),
            "valid_from": monday,
            "by": clinic_admin,
        }
        return add_working_hours(**(wish | changes))

    return run


def status_of(appointment) -> str:
    appointment.refresh_from_db()
    return appointment.status


# --- Which visits no longer fit -------------------------------------------------------------------------------------


def test_visits_outside_shorter_hours_go_to_review_and_return_with_longer_ones(visit, monday_hours, clinic_admin):
    change_working_hours(hours=monday_hours, starts=time(10, 15), by=clinic_admin)
    assert status_of(visit) == Status.REQUIRES_REVIEW
    assert visit.review_reason == "Dr Osei: working hours changed"

    change_working_hours(hours=monday_hours, starts=time(10), by=clinic_admin)
    assert status_of(visit) == Status.CONFIRMED


def test_visits_that_still_fit_shorter_hours_stay(visit, monday_hours, clinic_admin):
    change_working_hours(hours=monday_hours, starts=time(10), ends=time(10, 30), by=clinic_admin)

    assert status_of(visit) == Status.CONFIRMED


def test_hours_kept_for_other_visits_send_this_one_to_review(visit, monday_hours, clinic_admin, cardiology):
    other = factories.AppointmentTypeFactory(service=cardiology)

    change_working_hours(hours=monday_hours, appointment_types=[other], by=clinic_admin)

    assert status_of(visit) == Status.REQUIRES_REVIEW


def test_every_second_week_sends_the_visits_of_the_weeks_between_to_review(visit, monday_hours, clinic_admin, monday):
    change_working_hours(hours=monday_hours, every_weeks=2, valid_from=monday - timedelta(days=7), by=clinic_admin)
    assert status_of(visit) == Status.REQUIRES_REVIEW

    change_working_hours(hours=monday_hours, valid_from=monday, by=clinic_admin)
    assert status_of(visit) == Status.CONFIRMED


def test_ending_a_session_keeps_the_past_and_sends_what_is_to_come_to_review(visit, monday_hours, clinic_admin):
    end_working_hours(hours=monday_hours, by=clinic_admin)

    assert status_of(visit) == Status.REQUIRES_REVIEW
    monday_hours.refresh_from_db()
    assert monday_hours.valid_until == timezone.localdate() - timedelta(days=1)


def test_ending_a_session_after_the_visit_leaves_it_alone(visit, monday_hours, clinic_admin, monday):
    end_working_hours(hours=monday_hours, valid_until=monday, by=clinic_admin)

    assert status_of(visit) == Status.CONFIRMED


def test_a_session_that_never_began_is_removed(add, clinic_admin):
    hours = add()

    end_working_hours(hours=hours, by=clinic_admin)

    assert not WorkingHours.objects.filter(weekday=5).exists()


def test_a_new_break_sends_visits_to_review_and_its_end_brings_them_back(visit, dr_osei, harbour, clinic_admin, monday):
    tea = add_break(
        resource=dr_osei.resource,
        clinic=harbour,
        weekday=0,
        starts=time(10, 30),
        ends=time(10, 45),
        valid_from=monday,
        label="Tea",
        by=clinic_admin,
    )
    assert status_of(visit) == Status.REQUIRES_REVIEW, "the buffer after the visit meets the break"
    assert visit.review_reason == "Dr Osei: tea on Mondays"

    change_break(row=tea, starts=time(10, 40), by=clinic_admin)
    assert status_of(visit) == Status.CONFIRMED

    remove_break(row=tea, by=clinic_admin)
    assert RecurringBreak.objects.filter(label="Tea").count() == 0


def test_a_visit_booked_over_the_break_on_purpose_is_not_hit_by_it(
    patient, consultation, dr_osei, harbour, clinic_admin, monday
):
    visit = book_appointment(
        patient=patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=at(monday, "12:30", harbour),
        by=clinic_admin,
        override_reason="Agreed with the doctor",
    )
    lunch = RecurringBreak.objects.get(resource=dr_osei.resource, weekday=0)

    change_break(row=lunch, ends=time(13, 30), by=clinic_admin)

    assert status_of(visit) == Status.CONFIRMED


def test_a_nurse_with_hours_of_her_own_is_part_of_the_visit(
    patient, consultation, dr_osei, harbour, clinic_admin, monday
):
    nurses = factories.ResourceCategoryFactory(name="Nurse", kind="staff")
    nurse = factories.StaffFactory(name="Nurse Hale", clinic=harbour, categories=[nurses])
    factories.works_on_weekdays(nurse, harbour)
    factories.RequirementFactory(appointment_type=consultation, category=nurses, to_minute=15)
    visit = book_appointment(
        patient=patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=at(monday, "10:00", harbour),
        by=clinic_admin,
    )
    hours = WorkingHours.objects.get(resource=nurse, weekday=0)

    change_working_hours(hours=hours, ends=time(10, 15), by=clinic_admin)
    assert status_of(visit) == Status.CONFIRMED, "she is needed for the first quarter of an hour only"

    change_working_hours(hours=hours, ends=time(10, 10), by=clinic_admin)
    assert status_of(visit) == Status.REQUIRES_REVIEW


# --- Nobody is in two places ----------------------------------------------------------------------------------------


def test_hours_that_overlap_the_same_week_are_refused(add):
    with pytest.raises(RosterConflict, match="overlap other hours on Monday"):
        add(weekday=0, starts=time(17), ends=time(18))


def test_hours_that_touch_are_allowed(add):
    add(weekday=0, starts=time(17, 30), ends=time(18))


def test_hours_at_two_clinics_at_once_are_refused(add, dr_osei, northgate, manager):
    factories.DoctorClinicFactory(doctor=dr_osei, clinic=northgate)

    with pytest.raises(RosterConflict):
        add(clinic=northgate, weekday=0, starts=time(17), ends=time(18), by=manager)


def test_instants_are_compared_not_wall_clocks(add, dr_osei, manager, northgate):
    """Nine in Lisbon is nine in London; nine in Berlin is eight there, when Dr Osei has not begun."""
    northgate.time_zone = "Europe/Berlin"
    northgate.save()
    factories.DoctorClinicFactory(doctor=dr_osei, clinic=northgate)

    add(clinic=northgate, weekday=0, starts=time(8), ends=time(9, 30), by=manager)
    with pytest.raises(RosterConflict):
        add(clinic=northgate, weekday=1, starts=time(8), ends=time(9, 45), by=manager)


def test_alternating_weeks_never_meet_but_every_third_meets_them(add, monday):
    add(every_weeks=2)
    add(every_weeks=2, valid_from=monday + timedelta(days=7))

    with pytest.raises(RosterConflict):
        add(every_weeks=3)


def test_hours_that_end_before_the_others_begin_are_allowed(add, monday):
    add(valid_until=monday + timedelta(days=20))
    add(valid_from=monday + timedelta(days=21))


def test_there_must_be_time_to_travel_between_clinics(add, dr_osei, northgate, manager):
    factories.DoctorClinicFactory(doctor=dr_osei, clinic=northgate)
    northgate.travel_minutes = 45
    northgate.save()

    with pytest.raises(RosterConflict) as refusal:
        add(clinic=northgate, weekday=0, starts=time(18), ends=time(19), by=manager)
    assert refusal.value.code == "travel_time"
    add(clinic=northgate, weekday=0, starts=time(18, 15), ends=time(19), by=manager)


def test_a_changed_session_does_not_collide_with_its_old_self(monday_hours, clinic_admin):
    change_working_hours(hours=monday_hours, ends=time(18), by=clinic_admin)


def test_a_clinic_that_the_doctor_does_not_serve_is_refused(add, northgate, manager):
    with pytest.raises(InvalidInput) as refusal:
        add(clinic=northgate, by=manager)
    assert refusal.value.code == "wrong_clinic"


@pytest.mark.parametrize(
    "wrong", [{"ends": time(9)}, {"every_weeks": 0}, {"weekday": 7}, {"valid_until": date(2020, 1, 1)}]
)
def test_rows_that_make_no_sense_are_refused_and_leave_nothing(add, wrong):
    before = WorkingHours.objects.count()

    with pytest.raises(InvalidInput):
        add(**wrong)

    assert WorkingHours.objects.count() == before


def test_only_those_who_edit_the_roster_of_that_clinic_may(add, receptionist, receptionist_elsewhere):
    for outsider in (receptionist, receptionist_elsewhere):
        with pytest.raises(NotAllowed):
            add(by=outsider)


# --- Extra sessions -------------------------------------------------------------------------------------------------


@pytest.fixture
def saturday_list(dr_osei, harbour, clinic_admin, monday) -> ExtraSession:
    saturday = monday + timedelta(days=5)
    return add_extra_session(
        resource=dr_osei.resource,
        clinic=harbour,
        starts_at=at(saturday, "09:00", harbour),
        ends_at=at(saturday, "12:00", harbour),
        by=clinic_admin,
    )


def test_an_extra_session_opens_the_clinic_for_the_doctor_and_a_room(
    saturday_list, patient, consultation, dr_osei, harbour, receptionist, clinic_admin
):
    visit = book_appointment(
        patient=patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=saturday_list.starts_at,
        by=receptionist,
    )
    assert visit.allocations.count() == 2

    remove_extra_session(session=saturday_list, by=clinic_admin)

    assert status_of(visit) == Status.REQUIRES_REVIEW
    assert visit.review_reason == "Dr Osei: no extra session 09:00 to 12:00"


def test_an_extra_session_raises_the_version_of_clinic_and_doctor(dr_osei, harbour, saturday_list):
    before = (harbour.schedule_version, dr_osei.resource.schedule_version)
    harbour.refresh_from_db()
    dr_osei.resource.refresh_from_db()
    assert harbour.schedule_version > before[0]
    assert dr_osei.resource.schedule_version > before[1]
    assert ScheduleEvent.objects.filter(kind="roster.extra_session_added").count() == 1


def test_an_extra_session_over_normal_hours_is_refused(dr_osei, harbour, clinic_admin, monday):
    with pytest.raises(RosterConflict):
        add_extra_session(
            resource=dr_osei.resource,
            clinic=harbour,
            starts_at=at(monday, "17:00", harbour),
            ends_at=at(monday, "19:00", harbour),
            by=clinic_admin,
        )
