"""Free times at the clinics of the cast: what is offered, what is not and why."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import timezone

from carebridge.errors import InvalidInput, NotFound
from scheduling.availability import (
    SlotSearch,
    count_days,
    explain_slot,
    find_month,
    find_slots,
    first_available,
    nearest_slots,
    ruled_out,
)
from scheduling.availability.plan import window_steps
from scheduling.booking import book_appointment
from scheduling.models import AppointmentType, Clinic, DoctorClinic, Offering, Requirement
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(dr_osei, consultation, harbour, monday):
    """Ask about Dr Osei's consultations at Harbour on the Monday."""
    return Desk(dr_osei, consultation, harbour, monday)


class Desk:
    def __init__(self, doctor, kind, clinic, day):
        self.doctor, self.kind, self.clinic, self.day = doctor, kind, clinic, day

    def at(self, hour, minute=0, day=None):
        return datetime.combine(day or self.day, time(hour, minute), tzinfo=self.clinic.zone).astimezone(UTC)

    def search(self, **more):
        facts = {"from_day": self.day, "to_day": self.day, "now": timezone.now(), "clinic_ids": (self.clinic.pk,)}
        return SlotSearch(**{"appointment_type_id": self.kind.pk, **facts, **more})

    def slots(self, **more):
        return find_slots(self.search(**more))

    def times(self, **more):
        return [f"{slot.starts_at.astimezone(self.clinic.zone):%H:%M}" for slot in self.slots(**more)]

    def explain(self, hour, minute=0, **more):
        facts = {"doctor_id": self.doctor.pk, "clinic_id": self.clinic.pk, "now": timezone.now(), **more}
        facts.setdefault("starts_at", self.at(hour, minute))
        return explain_slot(appointment_type_id=self.kind.pk, **facts)

    def why_not(self, hour, minute=0, **more):
        return [reason.code for reason in self.explain(hour, minute, **more).reasons]

    def block(self, resource, hour, until):
        factories.ScheduleBlockFactory(resource=resource, starts_at=self.at(hour), ends_at=self.at(until))


def test_starts_are_offered_every_quarter_from_the_start_of_the_session_around_lunch(desk):
    offered = desk.times()
    assert offered[:3] == ["08:30", "08:45", "09:00"]
    # Ten minutes of buffer may not run into lunch at 12:30, but may pass the end of the day.
    assert "11:45" in offered
    assert not {"12:00", "12:15", "12:30", "13:00"} & set(offered)
    assert "13:15" in offered
    assert offered[-1] == "17:00"


def test_explain_says_which_rule_excludes_a_time(desk):
    assert desk.why_not(10) == []
    assert desk.why_not(10, 5) == ["off_step"]
    assert desk.why_not(10, starts_at=desk.at(10) + timedelta(minutes=1)) == ["off_grid"]
    assert desk.why_not(7) == ["outside_hours", "no_resource"]
    assert "on_break" in desk.why_not(12, 30)
    assert desk.why_not(10, now=desk.at(11)) == ["past"]
    assert desk.why_not(10, starts_at=desk.at(10, day=desk.day + timedelta(days=5)))[0] == "outside_hours"


def test_what_can_be_overridden_is_marked(desk):
    desk.block(desk.doctor.resource, 9, 10)
    (blocked,) = desk.explain(9).reasons
    assert (blocked.code, blocked.overridable) == ("blocked", False)
    (lunch,) = (reason for reason in desk.explain(12, 30).reasons if reason.code == "on_break")
    assert lunch.overridable
    assert lunch.message == "Dr Osei has lunch 12:30 to 13:15."


def test_a_time_that_works_is_explained_in_sentences(desk):
    found = desk.explain(10)
    assert found.bookable
    assert [check.message for check in found.checks] == [
        "Dr Osei works 08:30 to 17:30",
        "Room 1 free 10:00 to 10:30",
        "10 min buffer kept after 10:30",
        "Notice and booking window of Harbour Street respected",
    ]


def test_a_booked_time_is_gone_and_its_buffer_keeps_the_next_visit_away(desk, patient, receptionist):
    booked = book_appointment(
        patient=patient,
        appointment_type=desk.kind,
        doctor=desk.doctor,
        clinic=desk.clinic,
        starts_at=desk.at(10),
        by=receptionist,
    )
    offered = desk.times()
    # The visit lasts to 10:30 with ten minutes after it; a visit before needs its own ten before 10:00.
    assert not {"09:30", "09:45", "10:00", "10:15", "10:30"} & set(offered)
    assert {"09:15", "10:45"} <= set(offered)
    assert "10:00" in desk.times(ignoring=booked.pk)
    (reason,) = desk.explain(9, 30).reasons
    assert reason.code == "doctor_busy"
    assert "buffer would be cut" in reason.message
    assert "10:00" not in desk.times(patient_id=patient.pk, ignoring=None)


def test_a_patient_cannot_be_offered_a_time_at_which_they_are_elsewhere(desk, patient, receptionist, dr_wilk):
    at_ten = {"patient": patient, "appointment_type": desk.kind, "clinic": desk.clinic, "by": receptionist}
    book_appointment(**at_ten, doctor=dr_wilk, starts_at=desk.at(10))
    offered = desk.times(doctor_ids=(desk.doctor.pk,), patient_id=patient.pk)
    assert "10:00" not in offered
    assert "10:30" in offered
    assert "10:00" in desk.times(doctor_ids=(desk.doctor.pk,))


def test_the_usual_room_is_taken_first_and_another_when_it_is_not_free(desk, room_1, room_2):
    assert {slot.resource_ids for slot in desk.slots()} == {(room_1.pk,)}
    desk.block(room_1, 9, 11)
    rooms = {f"{slot.starts_at.astimezone(desk.clinic.zone):%H:%M}": slot.resource_ids for slot in desk.slots()}
    assert rooms["09:00"] == (room_2.pk,)
    assert rooms["11:00"] == (room_1.pk,)
    desk.block(room_2, 9, 11)
    (reason,) = desk.explain(9).reasons
    assert (reason.code, reason.detail["category"]) == ("no_resource", "Consulting room")


def test_equipment_fixed_in_a_room_comes_with_that_room_only(desk, room_1, room_2):
    scanner = factories.ResourceCategoryFactory(name="Scanner", kind="equipment")
    fixed = factories.EquipmentFactory(clinic=desk.clinic, fixed_in=room_2, categories=[scanner])
    factories.RequirementFactory(appointment_type=desk.kind, category=scanner)
    assert {slot.resource_ids for slot in desk.slots()} == {(room_2.pk, fixed.pk)}
    desk.block(room_2, 8, 18)
    assert desk.times() == []
    movable = factories.EquipmentFactory(clinic=desk.clinic, categories=[scanner])
    assert {slot.resource_ids for slot in desk.slots()} == {(room_1.pk, movable.pk)}


def test_one_room_cannot_serve_two_needs_at_once(desk, consulting_room, room_1):
    factories.RequirementFactory(appointment_type=desk.kind, category=consulting_room)
    assert desk.times() == []
    factories.RoomFactory(clinic=desk.clinic, categories=[consulting_room])
    assert desk.times()


def test_two_needs_one_after_the_other_may_share_a_room(desk, consulting_room, room_1):
    Requirement.objects.filter(appointment_type=desk.kind).update(to_minute=15)
    factories.RequirementFactory(appointment_type=desk.kind, category=consulting_room, from_minute=15)
    assert {slot.resource_ids for slot in desk.slots()} == {(room_1.pk, room_1.pk)}


def test_cleaning_after_the_visit_may_pass_closing_time_but_not_the_next_visit(desk, room_1):
    Requirement.objects.filter(appointment_type=desk.kind).update(to_minute=60)
    assert desk.times()[-1] == "17:00"
    desk.block(room_1, 11, 12)
    assert "10:00" in desk.times()
    assert "10:15" not in desk.times()


def test_a_saturday_list_opens_the_rooms_and_a_closure_shuts_it(desk):
    saturday = desk.day + timedelta(days=5)
    assert desk.times(from_day=saturday, to_day=saturday) == []
    session = {"starts_at": desk.at(9, day=saturday), "ends_at": desk.at(11, day=saturday)}
    factories.ExtraSessionFactory(resource=desk.doctor.resource, clinic=desk.clinic, **session)
    assert desk.times(from_day=saturday, to_day=saturday)[::6] == ["09:00", "10:30"]
    factories.ClinicClosureFactory(clinic=desk.clinic, **session)
    assert desk.times(from_day=saturday, to_day=saturday) == []


def test_a_session_kept_for_other_types_is_not_offered(desk):
    other = factories.AppointmentTypeFactory(service=desk.kind.service)
    for session in desk.doctor.resource.workinghours.all():
        session.appointment_types.add(other)
    assert desk.times() == []
    assert desk.why_not(10) == ["session_type"]


def test_an_inactive_doctor_type_clinic_or_offering_is_never_available(desk):
    for row in (desk.doctor, desk.kind, desk.clinic, desk.doctor.resource, Offering.objects.get(doctor=desk.doctor)):
        row.is_active = False
        row.save()
        assert desk.times() == []
        assert desk.why_not(10) == ["not_offered"]
        row.is_active = True
        row.save()
    assert desk.times()


def test_notice_and_advance_hold_to_the_minute_across_a_change_of_the_clocks(desk):
    desk.clinic.min_notice_minutes, desk.clinic.max_advance_days = 120, 3
    desk.clinic.save()
    assert desk.why_not(10, now=desk.at(8)) == []
    assert desk.why_not(10, now=desk.at(8) + timedelta(minutes=1)) == ["too_soon"]
    three_before = desk.day - timedelta(days=3)
    assert desk.why_not(10, now=desk.at(0, day=three_before)) == []
    assert desk.why_not(10, now=desk.at(0, day=three_before) - timedelta(minutes=1)) == ["too_far"]


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Auckland"])
def test_a_session_begins_at_the_same_wall_clock_time_before_and_after_the_clocks_change(desk, zone):
    Clinic.objects.update(time_zone=zone)
    desk.clinic.refresh_from_db()
    now = datetime(2027, 1, 4, tzinfo=UTC)
    desk.doctor.resource.workinghours.update(valid_from=date(2026, 1, 5))
    for first in (date(2027, 3, 8), date(2027, 3, 22), date(2027, 4, 1), date(2027, 9, 20), date(2027, 10, 25)):
        slots = desk.slots(from_day=first, to_day=first + timedelta(days=13), now=now, limit=1000)
        starts = [slot.starts_at.astimezone(desk.clinic.zone) for slot in slots]
        assert {min(each.time() for each in starts if each.date() == day.date()) for day in starts} == {time(8, 30)}
        assert len({each.date() for each in starts}) == 10


def test_searching_by_time_of_day_keeps_both_ends(desk):
    assert desk.times(times_of_day=((time(9), time(10)),)) == ["09:00", "09:15", "09:30", "09:45", "10:00"]


def test_the_month_counts_the_days_and_the_first_time_is_the_first_of_all(desk):
    counts = count_days(desk.search(to_day=desk.day + timedelta(days=6)))
    assert list(counts.values()) == [len(desk.times())] * 5 + [0, 0]
    assert first_available(desk.search(now=desk.at(9, 1))).starts_at == desk.at(9, 15)
    desk.doctor.resource.workinghours.update(valid_from=desk.day + timedelta(days=63))
    assert first_available(desk.search()).starts_at == desk.at(8, 30, day=desk.day + timedelta(days=63))
    desk.doctor.resource.workinghours.all().delete()
    assert first_available(desk.search()) is None


def test_a_month_counts_each_time_once_and_opens_at_its_first_day_with_any(desk, dr_wilk):
    search = desk.search(now=desk.at(9, 1))
    month = find_month(search, None, None, last=None)
    found = find_slots(desk.search(now=desk.at(9, 1), to_day=desk.day + timedelta(days=60), limit=20_000))
    clocks = {slot.starts_at.astimezone(desk.clinic.zone).replace(tzinfo=None) for slot in found}
    assert {day: count for day, count in month.counts.items() if count} == {
        day: len([each for each in clocks if each.date() == day])
        for day in {each.date() for each in clocks}
        if (day.year, day.month) == (desk.day.year, desk.day.month)
    }
    assert (month.day, {slot.starts_at for slot in month.slots}) == (
        desk.day,
        {slot.starts_at for slot in found if slot.starts_at.date() == desk.day},
    )
    assert month.until == (desk.at(9, 1) + timedelta(days=desk.clinic.max_advance_days)).date()


def test_a_month_without_times_is_left_out_unless_it_is_asked_for(desk):
    late = desk.day + timedelta(days=70)
    desk.doctor.resource.workinghours.update(valid_from=late)
    month = find_month(desk.search(), None, None, last=None)
    assert (month.day, month.counts[late]) == (late, len(desk.times(from_day=late, to_day=late)))
    assert find_month(desk.search(), desk.day, None, last=None).slots == []
    assert find_month(desk.search(), late, None, last=desk.day).until == desk.day
    assert find_month(desk.search(), None, None, last=desk.day - timedelta(days=1)) is None
    desk.doctor.resource.workinghours.all().delete()
    assert find_month(desk.search(), None, None, last=None) is None


def test_the_nearest_times_are_the_same_doctors_first(desk, dr_wilk):
    asked = {"appointment_type_id": desk.kind.pk, "clinic_id": desk.clinic.pk, "now": timezone.now()}
    found = nearest_slots(**asked, doctor_id=desk.doctor.pk, starts_at=desk.at(12, 30))
    assert [(slot.doctor_id, slot.starts_at) for slot in found] == [
        (desk.doctor.pk, desk.at(11, 45)),
        (desk.doctor.pk, desk.at(13, 15)),
        (desk.doctor.pk, desk.at(11, 30)),
    ]
    desk.doctor.resource.workinghours.all().delete()
    found = nearest_slots(**asked, doctor_id=desk.doctor.pk, starts_at=desk.at(12, 30))
    assert {slot.doctor_id for slot in found} == {dr_wilk.pk}


def test_earlier_times_are_counted_by_the_rule_that_excludes_them(desk, patient, receptionist):
    book_appointment(
        patient=patient,
        appointment_type=desk.kind,
        doctor=desk.doctor,
        clinic=desk.clinic,
        starts_at=desk.at(9),
        by=receptionist,
    )
    desk.block(desk.doctor.resource, 10, 12)
    found = {
        each.code: each for each in ruled_out(desk.search(now=desk.at(8, 30), times_of_day=((time(8, 45), None),)))
    }
    assert {code: each.count for code, each in found.items()} == {"doctor_busy": 3, "blocked": 10, "on_break": 5}
    example = found["doctor_busy"].example
    assert "Dr Osei is booked 09:00 to 09:40" in example
    assert example.count("Dr Osei") == 1


def test_earlier_times_between_the_chosen_parts_of_the_day_are_not_counted(desk):
    desk.block(desk.doctor.resource, 8, 17)
    whole, morning, late = ((None, None),), (None, time(11, 59)), (time(16), None)
    counts = [
        sum(each.count for each in ruled_out(desk.search(now=desk.at(8), times_of_day=parts)))
        for parts in (whole, (morning,), (late,), (morning, late))
    ]
    assert counts[3] == counts[1] + counts[2] < counts[0]


def test_best_fit_puts_times_that_strand_no_gap_first(desk):
    AppointmentType.objects.update(buffer_after_minutes=0)
    first = desk.slots(best_fit=True)
    assert sorted(first, key=lambda slot: slot.starts_at) == desk.slots()
    assert first[0].starts_at == desk.at(8, 30)
    assert first[1].starts_at == desk.at(9)  # 08:45 would leave a quarter of an hour that nobody can use


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"to_day": date(2020, 1, 1)}, "range_reversed"),
        ({"to_day": date(2035, 1, 1)}, "range_too_long"),
        ({"limit": 0}, "limit_out_of_range"),
        ({"limit": 20_001}, "limit_out_of_range"),
        ({"clinic_ids": ()}, "no_clinic"),
    ],
)
def test_a_search_that_cannot_be_answered_is_refused_loudly(desk, asked, code):
    with pytest.raises(InvalidInput) as refused:
        desk.slots(**asked)
    assert refused.value.code == code


def test_93_days_are_the_longest_search(desk):
    assert desk.slots(to_day=desk.day + timedelta(days=92))
    with pytest.raises(InvalidInput):
        desk.slots(to_day=desk.day + timedelta(days=93))


def test_unknown_ids_are_not_found(desk):
    for asked in ({"appointment_type_id": 0}, {"clinic_ids": (desk.clinic.pk, 0)}, {"doctor_ids": (0,)}):
        with pytest.raises(NotFound):
            desk.slots(**asked)
    with pytest.raises(NotFound):
        desk.explain(10, doctor_id=0)


def test_a_doctor_who_takes_longer_keeps_the_cleaning_after_the_visit(desk, room_1):
    Requirement.objects.filter(appointment_type=desk.kind).update(to_minute=40)
    Offering.objects.update(duration_minutes=45)
    messages = [check.message for check in desk.explain(10).checks]
    assert "Room 1 free 10:00 to 10:55" in messages
    assert window_steps(0, 20, usual=30, duration=15) == (0, 3)
    assert window_steps(20, None, usual=30, duration=15) == (2, 3)


def test_a_doctor_may_serve_as_the_second_person_of_a_visit_but_not_beside_themselves(desk, dr_wilk):
    assistant = factories.ResourceCategoryFactory(name="Surgical assistant", kind="doctor")
    desk.doctor.resource.categories.add(assistant)
    factories.RequirementFactory(appointment_type=desk.kind, category=assistant)
    found = desk.slots()
    assert {slot.doctor_id for slot in found} == {dr_wilk.pk}
    assert all(desk.doctor.resource_id in slot.resource_ids for slot in found)
    DoctorClinic.objects.filter(doctor=desk.doctor).delete()
    assert desk.times() == []
