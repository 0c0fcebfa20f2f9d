"""Looking before leaping: the preview of a roster change says what the change then does, and writes nothing."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carebridge.errors import NotAllowed
from scheduling.booking import book_appointment
from scheduling.models import Appointment, ScheduleBlock, ScheduleEvent, Status, WorkingHours
from scheduling.roster.blocks import block_time
from scheduling.roster.opening import Opening
from scheduling.roster.rehearsal import (
    can_be_told,
    rehearse_block,
    rehearse_closure,
    rehearse_hours,
    rehearse_lift,
    rehearse_opening_hours,
)
from tests import factories

pytestmark = pytest.mark.django_db


def at(day: date, clock: str, clinic) -> datetime:
    """A wall-clock time at the clinic."""
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=clinic.zone)


@pytest.fixture
def morning(dr_osei, harbour, monday):
    """Dr Osei, Monday from ten to twelve."""
    return {
        "resource": dr_osei.resource,
        "kind": "leave",
        "starts_at": at(monday, "10:00", harbour),
        "ends_at": at(monday, "12:00", harbour),
    }


@pytest.fixture
def visits(consultation, dr_osei, harbour, receptionist, monday):
    """Three patients with Dr Osei at ten, eleven and one o'clock; the second can't be reached at all."""
    silent = {"mobile": "", "phone": "", "email": ""}
    patients = [
        factories.PatientFactory(mobile="+447700900461", at=[harbour]),
        factories.PatientFactory(**silent, at=[harbour]),
        factories.PatientFactory(at=[harbour]),
    ]
    return [
        book_appointment(
            patient=patient,
            appointment_type=consultation,
            doctor=dr_osei,
            clinic=harbour,
            starts_at=at(monday, begin, harbour),
            by=receptionist,
        )
        for patient, begin in zip(patients, ("10:00", "11:00", "13:15"), strict=True)
    ]


def test_the_preview_counts_and_names_the_visits_and_who_cannot_be_reached(visits, morning, clinic_admin):
    preview = rehearse_block(**morning, by=clinic_admin)

    assert (preview.displaced, preview.unreachable, preview.hidden) == (2, 1, 0)
    assert [(each.appointment.pk, each.reachable) for each in preview.visits] == [
        (visits[0].pk, True),
        (visits[1].pk, False),
    ]


def test_the_block_then_does_what_the_preview_said(visits, morning, clinic_admin):
    preview = rehearse_block(**morning, by=clinic_admin)

    block = block_time(**morning, by=clinic_admin)

    in_review = Appointment.objects.filter(status=Status.REQUIRES_REVIEW)
    assert {each.appointment.pk for each in preview.visits} == set(in_review.values_list("pk", flat=True))
    assert rehearse_lift(block=block, by=clinic_admin).returning == 2


def test_a_preview_writes_and_locks_nothing(visits, morning, clinic_admin):
    before = ScheduleEvent.objects.count()

    with CaptureQueriesContext(connection) as captured:
        rehearse_block(**morning, by=clinic_admin)

    assert all(each["sql"].startswith("SELECT") for each in captured)
    assert not any("FOR UPDATE" in each["sql"] or "FOR NO KEY" in each["sql"] for each in captured)
    assert ScheduleEvent.objects.count() == before
    assert not ScheduleBlock.objects.exists()


def test_a_preview_takes_as_many_statements_for_three_visits_as_for_one(visits, morning, clinic_admin):
    def statements(hours: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            rehearse_block(**morning | {"ends_at": morning["starts_at"] + timedelta(hours=hours)}, by=clinic_admin)
        return len(captured)

    statements(1)  # remembers the roles of the person, once per request
    assert statements(1) == statements(4)


def test_visits_at_clinics_that_one_does_not_see_are_counted_and_not_named(
    visits, morning, clinic_admin, manager, dr_osei, northgate, northgate_room, consultation, monday
):
    """A manager of both clinics blocks the day; the administrator of one may not, for the other would feel it."""
    factories.DoctorClinicFactory(doctor=dr_osei, clinic=northgate)
    factories.ExtraSessionFactory(
        resource=dr_osei.resource,
        clinic=northgate,
        starts_at=at(monday, "18:30", northgate),
        ends_at=at(monday, "20:00", northgate),
    )
    whole_day = morning | {"ends_at": at(monday, "20:00", northgate)}

    assert rehearse_block(**whole_day, by=manager).displaced == 3
    with pytest.raises(NotAllowed):
        rehearse_block(**whole_day, by=clinic_admin)


def test_a_receptionist_elsewhere_learns_nothing(visits, morning, receptionist, receptionist_elsewhere):
    for outsider in (receptionist, receptionist_elsewhere):
        with pytest.raises(NotAllowed):
            rehearse_block(**morning, by=outsider)


def test_closures_hours_and_weeks_can_be_rehearsed_too(visits, dr_osei, harbour, clinic_admin, monday):
    closure = rehearse_closure(
        clinic=harbour, starts_at=at(monday, "12:00", harbour), ends_at=at(monday, "18:00", harbour), by=clinic_admin
    )
    assert [each.appointment.pk for each in closure.visits] == [visits[2].pk]

    hours = WorkingHours.objects.get(resource=dr_osei.resource, weekday=0)
    assert rehearse_hours(hours=hours, starts=time(11), by=clinic_admin).displaced == 1

    week = [Opening(day, time(8), time(13)) for day in range(5)]
    assert rehearse_opening_hours(clinic=harbour, hours=week, by=clinic_admin).displaced == 1


@pytest.mark.parametrize(
    ("contacts", "told"),
    [
        ({"mobile": "+447700900461"}, True),
        ({"phone": "+442079460018"}, True),
        ({"email": "a@carebridge.example"}, True),
        ({"email": "a@carebridge.example", "consents_to_email": False}, False),
        ({"mobile": "+447700900461", "consents_to_sms": False}, True),
        ({}, False),
    ],
    ids=["text", "call", "e-mail", "e-mail refused", "texts refused, so a call", "nothing on file"],
)
def test_who_can_be_told_in_time(db, contacts, told):
    nothing = {"mobile": "", "phone": "", "email": ""}

    assert can_be_told(factories.PatientFactory.build(**nothing | contacts)) is told
