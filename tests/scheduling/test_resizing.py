"""A visit made shorter or longer: where it is, by the rules of its time, and nothing half-written."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
import time_machine

from carebridge.errors import InvalidInput, NotAllowed
from scheduling import availability, ledger_masks
from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment, undo_cancellation
from scheduling.errors import PolicyRefused, SlotTaken, SlotUnavailable, StaleVersion, WrongStatus
from scheduling.models import Allocation, Appointment, ScheduleEvent
from scheduling.rescheduling import reschedule_appointment
from scheduling.resizing import change_duration
from tests import factories
from tests.concurrency.checks import FLAGGED_BUT_ALONE, TWICE_AT_ONCE, number

pytestmark = pytest.mark.django_db


@pytest.fixture
def book(consultation, dr_osei, harbour, receptionist, at):
    """Books another patient for a consultation with Dr Osei at Harbour, unless told otherwise."""

    def run(clock: str, **asked) -> Appointment:
        wish = {"appointment_type": consultation, "doctor": dr_osei, "clinic": harbour, "by": receptionist}
        return book_appointment(
            **{"patient": factories.PatientFactory(at=[harbour]), **wish, **asked}, starts_at=at(clock)
        )

    return run


@pytest.fixture
def resize(visit, receptionist):
    """Lets Nerys Calloway's visit at ten last so many minutes."""

    def run(minutes: int, appointment: Appointment = visit, **more) -> Appointment:
        return change_duration(**{"appointment": appointment, "minutes": minutes, "by": receptionist, **more})

    return run


def taken(visit: Appointment) -> dict[str, tuple[int, int]]:
    """What the visit has in the ledger: resource, and from which minute of the visit to which."""
    minute = timedelta(minutes=1)
    return {
        row.resource.name: (
            (row.during.lower - visit.starts_at) // minute,
            (row.during.upper - visit.starts_at) // minute,
        )
        for row in visit.allocations.filter(released_at=None).select_related("resource")
    }


@pytest.fixture(autouse=True)
def books_agree(monday):
    """After every test ledger and masks say the same, and nobody is in two places."""
    yield
    assert [sql for sql in (TWICE_AT_ONCE, FLAGGED_BUT_ALONE) if number(sql)] == []
    assert ledger_masks.verify(monday - timedelta(days=1), monday + timedelta(days=1)) == []


# --- Shorter ----------------------------------------------------------------------------------------------------------


def test_a_shorter_visit_ends_earlier_in_the_same_room_and_what_it_gives_back_can_be_booked(visit, resize, book, at):
    with pytest.raises(SlotTaken):
        book("10:30")
    resize(20)

    visit.refresh_from_db()
    assert (visit.duration_minutes, visit.ends_at, visit.starts_at) == (20, at("10:20"), at("10:00"))
    assert taken(visit) == {"Dr Amara Osei": (0, 30), "Room 1": (0, 20)}
    assert book("10:30").starts_at == at("10:30")


def test_it_is_told_in_history_in_calendars_and_as_time_that_opened(visit, resize, at):
    resize(20)

    sequence, version = visit.calendar_sequence, visit.version
    visit.refresh_from_db()
    assert (visit.calendar_sequence, visit.version) == (sequence + 1, version + 1)
    changed, opened = ScheduleEvent.objects.order_by("-id")[:2][::-1]
    assert (changed.kind, changed.payload) == ("appointment.duration_changed", {"duration_minutes": [30, 20]})
    assert opened.kind == "roster.time_opened"
    assert opened.payload["time"] == [at("10:30").isoformat(), at("10:40").isoformat()]


def test_its_room_stays_though_a_plainer_one_came_free(visit, resize, book, room_1, room_2, dr_wilk):
    beside = book("11:00", doctor=dr_wilk)
    assert "Room 2" in taken(beside)
    resize(20, beside)

    assert taken(beside)["Room 2"] == (0, 20)


def test_a_visit_with_another_put_over_it_can_be_shorter_and_stops_sharing_when_they_part(
    visit, resize, book, clinic_admin, room_2
):
    book("10:15", by=clinic_admin, override_reason="Chest pain")
    flagged = Allocation.objects.filter(released_at=None, overbooked=True)
    resize(20)
    assert flagged.count() == 1

    resize(5)
    assert not flagged.exists()


def test_brought_back_after_it_was_cancelled_it_is_as_short_as_before(visit, resize, book, patient_request):
    resize(20)
    cancel_appointment(appointment=visit, reason=patient_request, by=None)
    book("10:30")

    assert undo_cancellation(appointment=visit, by=None).duration_minutes == 20
    assert taken(visit) == {"Dr Amara Osei": (0, 30), "Room 1": (0, 20)}


def test_moved_it_lasts_as_long_as_such_a_visit_does(visit, resize, receptionist, at):
    resize(20)
    moved = reschedule_appointment(appointment=visit, starts_at=at("14:00"), by=receptionist)

    assert moved.duration_minutes == 30


# --- Longer -----------------------------------------------------------------------------------------------------------


def test_a_longer_visit_takes_the_minutes_after_it(visit, resize, book, at):
    resize(45)

    assert taken(visit) == {"Dr Amara Osei": (0, 55), "Room 1": (0, 45)}
    assert not ScheduleEvent.objects.filter(kind="roster.time_opened").exists()
    with pytest.raises(SlotTaken):
        book("10:45")
    assert book("11:00").starts_at == at("11:00")


def test_a_shorter_one_gets_its_minutes_back_while_nobody_has_them(visit, resize, book):
    resize(20)
    resize(30)
    assert taken(visit) == {"Dr Amara Osei": (0, 40), "Room 1": (0, 30)}

    resize(20)
    book("10:30")
    with pytest.raises(SlotTaken, match=r"no room for 30 minutes.*10:30"):
        resize(30)


def test_where_the_room_is_taken_it_is_refused_and_nobody_is_sent_to_another(visit, resize, book, dr_wilk, room_2):
    room_2.is_active = False
    room_2.save()
    book("10:30", doctor=dr_wilk)
    room_2.is_active = True
    room_2.save()

    with pytest.raises(SlotTaken, match="No Consulting room free"):
        resize(45)
    assert taken(visit) == {"Dr Amara Osei": (0, 40), "Room 1": (0, 30)}


@pytest.mark.parametrize(("clock", "code"), [("11:45", "on_break"), ("17:00", "outside_hours")])
def test_it_stays_in_working_time(book, resize, clock, code):
    late = book(clock)
    with pytest.raises(SlotUnavailable) as refused:
        resize(60, late)

    assert refused.value.code == code
    late.refresh_from_db()
    assert late.duration_minutes == 30


def test_what_was_set_aside_for_its_time_is_not_set_aside_for_more_of_it(book, resize, clinic_admin):
    late = book("17:15", by=clinic_admin, override_reason="Comes from work")
    resize(20, late)

    with pytest.raises(SlotUnavailable):
        resize(30, late)


def test_the_patient_is_not_kept_from_another_visit(visit, patient, resize, book, dr_wilk, room_2):
    book("10:45", doctor=dr_wilk, patient=patient)

    with pytest.raises(PolicyRefused, match="already has"):
        resize(60)


# --- What moves with the end ------------------------------------------------------------------------------------------


@pytest.fixture
def operation(cardiology, dr_osei, harbour, consulting_room, room_1):
    """An hour: a nurse for the first twenty minutes, the doctor from the thirtieth, the room cleaned afterwards."""
    nurses, cleaners = (factories.ResourceCategoryFactory(kind="staff") for _ in range(2))
    kind = factories.AppointmentTypeFactory(service=cardiology, duration_minutes=60, doctor_from_minute=30)
    factories.RequirementFactory(appointment_type=kind, category=consulting_room, to_minute=70)
    factories.RequirementFactory(appointment_type=kind, category=nurses, to_minute=20)
    factories.RequirementFactory(appointment_type=kind, category=cleaners, from_minute=60, to_minute=70)
    for name, category in (("Nurse", nurses), ("Cleaner", cleaners)):
        person = factories.StaffFactory(name=name, clinic=harbour, categories=[category])
        factories.works_on_weekdays(person, harbour, time(8), time(18))
    factories.OfferingFactory(doctor=dr_osei, appointment_type=kind, clinic=harbour)
    return kind


def test_cleaning_follows_the_end_and_the_nurse_stays_at_the_beginning(operation, book, resize):
    visit = book("14:00", appointment_type=operation)
    expected = {"Dr Amara Osei": (30, 60), "Room 1": (0, 70), "Nurse": (0, 20), "Cleaner": (60, 70)}
    assert taken(visit) == expected

    resize(45, visit)
    assert taken(visit) == {"Dr Amara Osei": (30, 45), "Room 1": (0, 55), "Nurse": (0, 20), "Cleaner": (45, 55)}
    resize(60, visit)
    assert taken(visit) == expected


def test_a_visit_keeps_what_its_type_needs_no_more(operation, book, resize):
    visit = book("14:00", appointment_type=operation)
    operation.requirements.all().delete()

    resize(45, visit)
    assert taken(visit) == {"Dr Amara Osei": (30, 45), "Room 1": (0, 55), "Nurse": (0, 20), "Cleaner": (45, 55)}


def test_it_can_not_end_before_everybody_had_their_part(operation, book, resize):
    visit = book("14:00", appointment_type=operation)

    with pytest.raises(InvalidInput, match="begins 30 minutes in"):
        resize(30, visit)
    assert taken(visit)["Nurse"] == (0, 20)


def test_a_visit_planned_anew_at_another_length_has_what_it_had(operation, dr_osei, harbour, book, resize):
    visit = book("14:00", appointment_type=operation)
    resize(45, visit)
    plan = availability.load_plan(operation, dr_osei, harbour)

    assert spans(lasting(plan, 45)) == set(taken(visit).values())
    assert spans(lasting(lasting(plan, 45), 60)) == spans(plan)
    assert spans(lasting(plan, 15)) == {(10, 15), (0, 15), (0, 25), (15, 25)}


def lasting(plan: availability.VisitPlan, minutes: int) -> availability.VisitPlan:
    return plan.lasting(duration_minutes=minutes, buffer_before_minutes=0, buffer_after_minutes=0)


def spans(plan: availability.VisitPlan) -> set[tuple[int, int]]:
    """From which minute to which anybody or anything is needed."""
    steps = [(plan.taken_first, plan.taken_last), *((need.first, need.last) for need in plan.needs)]
    return {(5 * first, 5 * last) for first, last in steps}


# --- Refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [-5, 0, 7, 30, 725])
def test_a_length_that_is_none(resize, minutes):
    with pytest.raises(InvalidInput) as refused:
        resize(minutes)
    assert "minutes" in refused.value.fields


def test_a_visit_that_has_begun_or_is_not_firm(visit, resize, book, patient_request, receptionist):
    with time_machine.travel(visit.starts_at, tick=False), pytest.raises(WrongStatus):
        resize(20)
    pending = book("14:00", pending_until=visit.starts_at)
    with pytest.raises(WrongStatus):
        resize(20, pending)
    cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)
    with pytest.raises(WrongStatus):
        resize(20)


def test_only_by_who_may_book_and_knows_it_as_it_is(visit, resize, doctor_user, receptionist_elsewhere):
    for user in (doctor_user, receptionist_elsewhere):
        with pytest.raises(NotAllowed):
            resize(20, by=user)
    resize(20, version=visit.version)
    with pytest.raises(StaleVersion):
        resize(25, version=visit.version)
