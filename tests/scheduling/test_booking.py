"""Booking a visit: what it writes, what it refuses, what it leaves untouched."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from carebridge import events
from carebridge.audit.models import LogEntry
from carebridge.errors import NotAllowed
from scheduling import sweeps
from scheduling.booking import book_appointment, confirm_appointment
from scheduling.cancelling import cancel_appointment
from scheduling.errors import OverrideNotAllowed, PolicyRefused, SlotTaken, SlotUnavailable, WrongStatus
from scheduling.events import AppointmentBooked
from scheduling.models import Allocation, Appointment, PatientClinic, ScheduleEvent, Status
from tests import factories

pytestmark = pytest.mark.django_db

committing = pytest.mark.django_db(transaction=True)


def at(day: date, clock: str, clinic) -> datetime:
    """A wall-clock time at the clinic."""
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=clinic.zone)


@pytest.fixture
def book(patient, consultation, dr_osei, harbour, receptionist, monday):
    """Books the patient with Dr Osei on Monday at ten, unless told otherwise."""

    def run(clock: str = "10:00", **changes):
        wish = {
            "patient": patient,
            "appointment_type": consultation,
            "doctor": dr_osei,
            "clinic": harbour,
            "starts_at": at(monday, clock, harbour),
            "by": receptionist,
        }
        return book_appointment(**(wish | changes))

    return run


def test_a_booking_occupies_the_doctor_with_buffer_and_the_usual_room(book, dr_osei, room_1):
    appointment = book()

    rows = {row.resource_id: row for row in appointment.allocations.all()}
    assert set(rows) == {dr_osei.resource_id, room_1.pk}
    assert rows[dr_osei.resource_id].during.upper == appointment.ends_at + timedelta(minutes=10)
    assert rows[room_1.pk].during.upper == appointment.ends_at
    assert appointment.status == Status.CONFIRMED
    assert str(appointment.local_time) == "10:00:00"


def test_a_booking_is_in_history_and_audit_with_its_actor(book, receptionist):
    appointment = book()

    event = ScheduleEvent.objects.get(appointment=appointment)
    entry = LogEntry.objects.get(event="appointment.booked")
    assert (event.kind, event.actor) == ("appointment.booked", receptionist)
    assert (entry.actor, entry.role, entry.clinic_id) == (receptionist, "receptionist", appointment.clinic_id)


def test_a_booking_makes_the_patient_known_at_the_clinic(book, patient_elsewhere, harbour):
    book(patient=patient_elsewhere)

    assert PatientClinic.objects.filter(patient=patient_elsewhere, clinic=harbour).exists()


def test_the_second_booking_of_a_time_is_refused_with_the_nearest_free_times(book, another_patient, room_2):
    first = book()

    with pytest.raises(SlotTaken) as refused:
        book(patient=another_patient)

    nearest = refused.value.detail["nearest"]
    assert len(nearest) == 3
    assert all(slot.starts_at >= first.ends_at or slot.ends_at <= first.starts_at for slot in nearest)
    assert Appointment.objects.count() == 1


def test_buffers_add_up_so_the_next_start_is_after_the_buffer(book, another_patient, room_2):
    book("10:00")

    with pytest.raises(SlotTaken):
        book("10:30", patient=another_patient)
    assert book("10:45", patient=another_patient).status == Status.CONFIRMED


def test_without_a_free_room_the_time_is_taken_although_the_doctor_is_free(book, dr_wilk, another_patient, room_2):
    room_2.is_active = False
    room_2.save()
    book("10:00")

    with pytest.raises(SlotTaken):
        book("10:15", doctor=dr_wilk, patient=another_patient)


@pytest.mark.parametrize(
    ("clock", "code"),
    [("10:02", "off_grid"), ("10:05", "off_step"), ("07:00", "outside_hours"), ("12:30", "on_break")],
)
def test_a_time_outside_the_rules_is_refused_with_its_rule(book, clock, code):
    with pytest.raises(SlotUnavailable) as refused:
        book(clock)

    assert code in {reason["code"] for reason in refused.value.detail["reasons"]}
    assert not Appointment.objects.exists()


def test_the_past_is_refused(book, harbour):
    yesterday = timezone.localdate() - timedelta(days=1)

    with pytest.raises(SlotUnavailable) as refused:
        book(starts_at=at(yesterday, "10:00", harbour))

    assert "past" in {reason["code"] for reason in refused.value.detail["reasons"]}


def test_a_receptionist_elsewhere_may_not_book_here(book, receptionist_elsewhere):
    with pytest.raises(NotAllowed):
        book(by=receptionist_elsewhere)

    assert not Appointment.objects.exists()


@committing
def test_an_audit_that_fails_leaves_nothing_changed(book):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_logentry ADD CONSTRAINT broken CHECK (event NOT LIKE 'app%') NOT VALID")
    try:
        with pytest.raises(DatabaseError):
            book()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_logentry DROP CONSTRAINT broken")

    assert not Appointment.objects.exists()
    assert not Allocation.objects.exists()
    assert not ScheduleEvent.objects.exists()


# --- Overrides ------------------------------------------------------------------------------------------------------


def test_an_urgent_visit_may_be_overbooked_with_a_reason_and_says_so_for_good(book, another_patient, receptionist):
    book("10:00")

    urgent = book("10:00", patient=another_patient, override_reason="Chest pain, seen between two others")

    assert urgent.overrides == ["doctor_busy", "no_resource"]
    assert urgent.overridden_by == receptionist
    assert all(row.overbooked for row in urgent.allocations.all())


def test_an_override_without_the_permission_is_refused(book, another_patient, manager):
    book("10:00")

    with pytest.raises(NotAllowed):
        book("10:00", patient=another_patient, by=manager, override_reason="Because")


def test_the_system_itself_overrides_nothing(book, another_patient):
    book("10:00")

    with pytest.raises(OverrideNotAllowed):
        book("10:00", patient=another_patient, by=None, override_reason="Because")


def test_a_clinic_may_want_a_second_person_to_agree(book, harbour):
    harbour.override_needs_sign_off = True
    harbour.save()

    appointment = book("07:30", override_reason="Before theatre")

    assert appointment.status == Status.REQUIRES_REVIEW
    assert appointment.status_before_review == Status.CONFIRMED


def test_an_ordinary_booking_never_lands_on_an_overbooked_survivor(
    book, another_patient, patient_request, receptionist, room_2
):
    first = book("10:00")
    survivor = book("10:00", patient=another_patient, override_reason="Urgent")
    cancel_appointment(appointment=first, reason=patient_request, by=receptionist)

    with pytest.raises(SlotTaken):
        book("10:00", patient=factories.PatientFactory())
    assert not any(row.overbooked for row in survivor.allocations.filter(released_at=None))


# --- Pending --------------------------------------------------------------------------------------------------------


def test_a_pending_visit_occupies_until_it_lapses_and_the_booking_that_meets_it_takes_its_place(
    book, another_patient, receptionist
):
    pending = book(pending_until=timezone.now() + timedelta(minutes=10))
    with pytest.raises(SlotTaken):
        book(patient=another_patient)

    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=1)):
        taken_over = book(patient=another_patient)

    pending.refresh_from_db()
    assert (pending.status, taken_over.status) == (Status.EXPIRED, Status.CONFIRMED)


def test_the_sweep_lets_lapsed_visits_expire_and_gives_their_time_back(book):
    pending = book(pending_until=timezone.now() + timedelta(minutes=10))

    assert sweeps.expire_lapsed() == 0
    with time_machine.travel(timezone.now() + timedelta(minutes=10)):
        assert sweeps.expire_lapsed() == 1

    pending.refresh_from_db()
    assert pending.status == Status.EXPIRED
    assert not pending.allocations.filter(released_at=None).exists()


def test_a_lapsed_visit_can_not_be_confirmed_any_more(book, receptionist):
    pending = book(pending_until=timezone.now() + timedelta(minutes=10))

    with time_machine.travel(timezone.now() + timedelta(minutes=11)), pytest.raises(WrongStatus):
        confirm_appointment(appointment=pending, by=receptionist)


def test_confirming_makes_a_pending_visit_firm(book, receptionist):
    pending = book(pending_until=timezone.now() + timedelta(minutes=10))

    confirmed = confirm_appointment(appointment=pending, by=receptionist)

    assert (confirmed.status, confirmed.expires_at) == (Status.CONFIRMED, None)


# --- Eligibility ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_fields", "born", "code"),
    [
        ({"min_age": 18}, "tomorrow_18_years_before", "too_young"),
        ({"max_age": 17}, "on_the_day_18_years_before", "too_old"),
    ],
)
def test_age_is_judged_on_the_day_of_the_visit(book, consultation, patient, monday, type_fields, born, code):
    for name, value in type_fields.items():
        setattr(consultation, name, value)
    consultation.save()
    shift = 1 if born == "tomorrow_18_years_before" else 0
    patient.birth_date = (monday + timedelta(days=shift)).replace(year=monday.year - 18)
    patient.save()

    with pytest.raises(PolicyRefused) as refused:
        book()

    assert refused.value.code == code


def test_an_eighteenth_birthday_on_the_day_is_old_enough(book, consultation, patient, monday):
    consultation.min_age = 18
    consultation.save()
    patient.birth_date = monday.replace(year=monday.year - 18)
    patient.save()

    assert book().status == Status.CONFIRMED


def test_a_needed_referral_must_be_valid_and_have_visits_left(book, consultation, patient, monday):
    consultation.requires_referral = True
    consultation.save()
    referral = factories.ReferralFactory(
        patient=patient, valid_from=monday - timedelta(days=30), valid_until=monday, visits_allowed=1
    )

    with pytest.raises(PolicyRefused, match="needs a referral"):
        book()
    assert book("10:00", referral=referral).referral == referral
    with pytest.raises(PolicyRefused) as refused:
        book("11:00", referral=referral)
    assert refused.value.code == "referral_used_up"


def test_a_patient_can_not_be_in_two_places_unless_staff_say_why(book, dr_wilk, room_2):
    book("10:00")

    with pytest.raises(PolicyRefused) as refused:
        book("10:15", doctor=dr_wilk)
    assert refused.value.code == "patient_busy"
    assert book("10:15", doctor=dr_wilk, override_reason="Joint examination").overrides == ["patient_busy"]


def test_a_patient_holds_only_so_many_visits_to_come(book, harbour):
    harbour.max_open_appointments = 2
    harbour.save()
    book("09:00")
    book("10:00")

    with pytest.raises(PolicyRefused) as refused:
        book("11:00")
    assert refused.value.code == "too_many_open"


# --- What must never be false -----------------------------------------------------------------------------------------


@committing
def test_the_database_refuses_an_occupying_appointment_without_time_of_its_doctor(book):
    appointment = book()

    with pytest.raises(DatabaseError, match="occupies no time"), transaction.atomic():
        appointment.allocations.update(released_at=timezone.now())


@committing
def test_the_database_refuses_a_cancelled_appointment_that_still_occupies(book):
    appointment = book()

    with pytest.raises(DatabaseError, match="still occupies"), transaction.atomic():
        Appointment.objects.filter(pk=appointment.pk).update(status=Status.CANCELLED)


@committing
def test_the_database_refuses_two_live_rows_at_one_time(book, another_patient):
    first = book()
    row = first.allocations.first()
    row.pk = None

    with pytest.raises(DatabaseError, match="allocation_no_overlap"), transaction.atomic():
        row.save(force_insert=True)


@committing
def test_a_full_booking_takes_at_most_sixteen_statements_its_messages_included(book, patient_elsewhere, monkeypatch):
    ours = [each for each in events._in_transaction[AppointmentBooked] if not each.__module__.startswith("tests.")]
    monkeypatch.setitem(events._in_transaction, AppointmentBooked, ours)
    book("09:00")  # content types, rules of messages and such are known in a process that has served one request
    with CaptureQueriesContext(connection) as statements:
        book(patient=patient_elsewhere)

    assert len([each for each in statements if each["sql"] not in ("BEGIN", "COMMIT")]) <= 16
