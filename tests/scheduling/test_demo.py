"""The demo clinics keep every rule that a real schedule keeps, and show everything that a schedule can show."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.hashers import check_password
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef

from carebridge.accounts.models import User
from carebridge.audit.models import LogEntry
from scheduling.availability import explain_slot
from scheduling.consistency import findings
from scheduling.demo.load import Size, load_demo
from scheduling.demo.wipe import wipe_schedule
from scheduling.languages import DEFAULT, LANGUAGES
from scheduling.models import (
    Allocation,
    Appointment,
    AppointmentType,
    Cancellation,
    CancellationReason,
    Clinic,
    Doctor,
    ExtraSession,
    Patient,
    PatientClinic,
    Question,
    RecurringBreak,
    Resource,
    ScheduleBlock,
    ScheduleEvent,
    Service,
    Speciality,
    Status,
    Translation,
    WorkingHours,
)
from scheduling.personal_details import valid_pms_number

LONDON = ZoneInfo("Europe/London")
TUESDAY = datetime(2026, 11, 24, 10, 42, tzinfo=LONDON)
SUNDAY = datetime(2026, 11, 22, 10, 42, tzinfo=LONDON)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker) -> Iterator[None]:
    """A small demo as of a Tuesday morning, shared by this module and rolled back at its end."""
    with django_db_blocker.unblock(), transaction.atomic():
        load_demo(now=TUESDAY, size=Size(patients=1500, weeks=2))
        yield
        transaction.set_rollback(True)


@pytest.fixture
def demo(loaded: None, db: None) -> None:
    """The demo, in a transaction of the test's own."""


def rows(statement: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


# --- What there is -----------------------------------------------------------------------------------------------


def test_six_clinics_with_their_people_rooms_and_catalogue(demo):
    names = list(Clinic.objects.values_list("name", flat=True))

    assert names == ["Harbour Street", "Northgate", "Elmfield", "Riverside Quay", "Kingsway", "Millbrook"]
    assert Doctor.objects.count() >= 60
    assert 75 <= Resource.objects.rooms().count() <= 85
    assert Service.objects.count() >= 25
    assert AppointmentType.objects.count() >= 60
    assert len(set(AppointmentType.objects.values_list("duration_minutes", flat=True))) >= 10
    assert {"patient_request", "doctor_unavailable"} <= set(CancellationReason.objects.values_list("code", flat=True))


def test_some_practitioners_serve_two_clinics_on_one_day(demo):
    lindqvist = Doctor.objects.get(family_name="Lindqvist")
    monday = WorkingHours.objects.filter(resource=lindqvist.resource, weekday=0).order_by("starts")

    assert [row.clinic.name for row in monday] == ["Harbour Street", "Northgate"]
    assert Doctor.objects.annotate(places_served=Count("clinics")).filter(places_served__gte=2).count() >= 10


def test_every_type_is_performed_by_somebody(demo):
    assert not AppointmentType.objects.filter(offerings=None).exists()


def test_every_line_of_the_catalogue_is_read_in_every_language(demo):
    lines = {each.name for model in (Service, AppointmentType, Speciality) for each in model.objects.all()}
    lines |= {line for each in AppointmentType.objects.all() for line in each.preparation_lines}
    for question in Question.objects.all():
        lines |= {question.text, *question.choice_lines}

    for language in set(LANGUAGES) - {DEFAULT}:
        translated = set(Translation.objects.filter(language=language).values_list("source", flat=True))
        assert not lines - translated - {""}, language


def test_every_status_is_there(demo):
    assert set(Appointment.objects.values_list("status", flat=True)) == set(Status.values)


def test_every_practitioner_has_visits(demo):
    assert not Doctor.objects.exclude(appointments__isnull=False).exists()


def test_about_one_in_nine_past_visits_was_missed(demo):
    past = Counter(Appointment.objects.filter(starts_at__lt=TUESDAY).values_list("status", flat=True))

    assert 0.08 < past[Status.NO_SHOW] / (past[Status.NO_SHOW] + past[Status.COMPLETED]) < 0.15


def test_today_follows_the_clock(demo):
    today = Appointment.objects.filter(local_date=TUESDAY.date())

    assert not today.filter(starts_at__gt=TUESDAY, status__in=["completed", "in_progress", "no_show"]).exists()
    assert not today.filter(ends_at__lt=TUESDAY, status__in=["confirmed", "pending"]).exists()
    assert {"checked_in", "in_progress", "completed", "confirmed"} <= set(today.values_list("status", flat=True))
    assert not Appointment.objects.filter(status="pending", expires_at__lte=TUESDAY).exists()
    moments = ("checked_in_at", "started_at", "finished_at", "created_at", "attendance_confirmed_at")
    for moment in moments:
        assert not Appointment.objects.filter(**{f"{moment}__gt": TUESDAY}).exists(), moment


# --- That it is sound --------------------------------------------------------------------------------------------


def test_nothing_is_booked_twice_and_masks_say_what_the_ledger_says(demo):
    assert list(findings(date(2026, 10, 1), date(2027, 1, 31))) == []
    assert not rows(
        "SELECT a.id FROM scheduling_allocation a JOIN scheduling_allocation b ON a.resource_id = b.resource_id"
        " AND a.id < b.id AND a.during && b.during WHERE a.released_at IS NULL AND b.released_at IS NULL"
        " AND NOT a.overbooked AND NOT b.overbooked"
    )


def test_masks_told_bit_by_bit_from_the_ledger_are_those_stored(demo):
    told: dict[tuple[int, date], int] = Counter()
    for resource_id, start, end in rows(
        "SELECT resource_id, lower(during), upper(during) FROM scheduling_allocation WHERE released_at IS NULL"
    ):
        moment = start.astimezone(UTC)
        while moment < end:
            told[resource_id, moment.date()] |= 1 << ((moment.hour * 60 + moment.minute) // 5)
            moment += timedelta(minutes=5)
    stored = rows("SELECT resource_id, day, busy FROM scheduling_resourceday")

    assert {(resource, day): int.from_bytes(busy, "little") for resource, day, busy in stored} == dict(told)


def test_no_visit_is_outside_working_hours_or_over_a_break_or_block_unless_in_review(demo):
    hours, breaks = by_resource(WorkingHours), by_resource(RecurringBreak)
    extra, blocks = by_resource(ExtraSession), by_resource(ScheduleBlock)
    doctors = Allocation.objects.filter(requirement=None, released_at=None).select_related("appointment")

    for taken in doctors.exclude(appointment__status=Status.REQUIRES_REVIEW):
        core, during, mine = taken.core, taken.during, taken.resource_id
        at_work = any(row.clinic_id == taken.appointment.clinic_id and covers(row, core) for row in hours[mine])
        listed = any(row.starts_at <= core.lower and core.upper <= row.ends_at for row in extra[mine])
        blocked = any(row.starts_at < during.upper and during.lower < row.ends_at for row in blocks[mine])
        assert at_work or listed, taken.appointment_id
        assert not any(meets(row, during) for row in breaks[mine]), taken.appointment_id
        # An emergency today leaves the visits that were over by then as they are.
        assert core.lower < TUESDAY or not blocked, taken.appointment_id


def by_resource(model) -> dict[int, list]:
    found = defaultdict(list)
    for row in model.objects.all():
        found[row.resource_id].append(row)
    return found


def covers(row: WorkingHours, span) -> bool:
    start, end = (moment.astimezone(LONDON) for moment in (span.lower, span.upper))
    return on_its_week(row, start.date()) and row.starts <= start.time() and end.time() <= row.ends


def meets(row: RecurringBreak, span) -> bool:
    start, end = (moment.astimezone(LONDON) for moment in (span.lower, span.upper))
    return on_its_week(row, start.date()) and row.starts < end.time() and start.time() < row.ends


def on_its_week(row: WorkingHours | RecurringBreak, day: date) -> bool:
    first = row.valid_from - timedelta(days=row.valid_from.weekday())
    return row.weekday == day.weekday() and (day - first).days // 7 % row.every_weeks == 0


def test_booking_would_accept_the_visits_that_stand(demo):
    """The availability code, which shares nothing with the generator, finds nothing against a sample."""
    same_time = {"doctor": OuterRef("doctor"), "starts_at": OuterRef("starts_at")}
    beside = Exists(Appointment.objects.filter(allocations__overbooked=True, **same_time))
    standing = Appointment.objects.filter(status=Status.CONFIRMED, starts_at__gt=TUESDAY, overrides=[])
    for visit in standing.exclude(beside).order_by("calendar_uid")[:150]:
        found = explain_slot(
            appointment_type_id=visit.appointment_type_id,
            doctor_id=visit.doctor_id,
            clinic_id=visit.clinic_id,
            starts_at=visit.starts_at,
            now=TUESDAY,
            ignoring=visit.pk,
        )
        assert {reason.code for reason in found.reasons} <= {"too_soon", "too_far"}, (visit.pk, found.reasons)


def test_overbooked_visits_carry_a_reason_and_a_name(demo):
    overbooked = Appointment.objects.filter(allocations__overbooked=True)

    assert overbooked.exists()
    assert not overbooked.filter(override_reason="").exists()
    assert not overbooked.filter(overridden_by=None).exists()


def test_visits_in_review_say_why_and_where_they_come_from(demo):
    assert Appointment.objects.filter(status=Status.REQUIRES_REVIEW, review_reason__contains="Theatre cover").exists()


def test_a_moved_visit_keeps_its_patient_and_its_calendar_entry(demo):
    moved = Appointment.objects.exclude(moved_from=None)

    assert moved.exists()
    assert not moved.exclude(
        patient=F("moved_from__patient"),
        calendar_uid=F("moved_from__calendar_uid"),
        moved_from__status=Status.RESCHEDULED,
        calendar_sequence__gt=F("moved_from__calendar_sequence"),
    ).exists()


def test_no_patient_is_in_two_places(demo):
    # A second visit beside an earlier, given up one is no contradiction; two that stand are.
    assert not rows(
        "SELECT a.id FROM scheduling_appointment a JOIN scheduling_appointment b ON a.patient_id = b.patient_id"
        " AND a.id < b.id AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at"
        " WHERE a.status NOT IN ('cancelled', 'rescheduled', 'expired')"
        " AND b.status NOT IN ('cancelled', 'rescheduled', 'expired')"
    )


def test_patients_fit_the_visits_they_have(demo):
    for visit in Appointment.objects.select_related("patient", "appointment_type", "referral"):
        kind, age = visit.appointment_type, visit.patient.age_on(visit.local_date)
        assert kind.min_age is None or age >= kind.min_age
        assert kind.max_age is None or age <= kind.max_age
        assert not kind.sex or visit.patient.sex == kind.sex
        assert not kind.requires_referral or visit.referral.patient_id == visit.patient_id


def test_pms_numbers_are_valid_and_references_unique(demo):
    numbers = Patient.objects.exclude(pms_number=None).values_list("pms_number", flat=True)
    references = Appointment.objects.values_list("reference", flat=True)

    assert numbers
    assert all(valid_pms_number(number) for number in numbers)
    assert len(set(references)) == len(references)


def test_patients_are_known_where_they_are_seen(demo):
    known = set(PatientClinic.objects.values_list("patient", "clinic"))

    assert set(Appointment.objects.values_list("patient", "clinic")) <= known
    assert set(Patient.objects.values_list("pk", flat=True)) == {patient for patient, _ in known}


def test_every_history_begins_with_a_booking_and_ends_in_the_present_status(demo):
    history: dict[int, list[ScheduleEvent]] = {}
    for event in ScheduleEvent.objects.order_by("id"):
        history.setdefault(event.appointment_id, []).append(event)

    for visit in Appointment.objects.exclude(status=Status.RESCHEDULED):
        first, *_, last = [history[visit.pk][0], *history[visit.pk]]
        assert first.kind in ("appointment.booked", "appointment.rescheduled")
        assert last.kind == "appointment.rescheduled" or last.payload["status"][1] == visit.status
        assert [event.at for event in history[visit.pk]] == sorted(event.at for event in history[visit.pk])


def test_every_cancelled_visit_says_why(demo):
    cancelled = Appointment.objects.filter(status=Status.CANCELLED)

    assert cancelled.count() == Cancellation.objects.count()
    assert not cancelled.filter(cancellations=None).exists()
    assert {True, False} == set(Cancellation.objects.values_list("is_late", flat=True))


def test_the_checks_at_commit_are_satisfied(demo):
    rows_to_touch = Appointment.objects.all()
    rows_to_touch.update(status=F("status"))

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


# --- Who signs in ------------------------------------------------------------------------------------------------


def test_the_demo_logins_have_their_clinics(demo):
    seen = {
        name: Clinic.objects.visible_to(User.objects.get(username=name)).count()
        for name in ("reception", "doctor", "clinicadmin", "manager", "support", "sysadmin")
    }

    assert seen == {"reception": 2, "doctor": 1, "clinicadmin": 1, "manager": 6, "support": 6, "sysadmin": 6}
    assert check_password("carebridge-demo", User.objects.get(username="reception").password)
    assert Doctor.objects.get(user__username="doctor").full_name == "Dr Amara Osei"


def test_loading_is_told_to_the_audit_trail_once(demo):
    assert LogEntry.objects.filter(event="demo.loaded").count() == 1


# --- Loading and wiping ------------------------------------------------------------------------------------------


def test_loading_again_changes_nothing(demo, capsys):
    before = Appointment.objects.count()

    call_command("load_demo")

    assert "nothing loaded" in capsys.readouterr().out
    assert Appointment.objects.count() == before


def test_wiping_is_refused_in_production(demo, settings):
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match="production"):
        call_command("load_demo", wipe=True)

    assert Clinic.objects.count() == 6


def test_the_same_day_gives_the_same_demo_and_a_sunday_is_alive(demo):
    told = []
    for _ in range(2):
        wipe_schedule()
        load_demo(now=SUNDAY, size=Size(patients=300, weeks=0))
        told.append(list(Appointment.objects.order_by("id").values_list("reference", "starts_at", "status", "patient")))

    assert told[0] == told[1]
    harbour = Clinic.objects.get(code="harbour")
    assert Appointment.objects.on_day(harbour, SUNDAY.date()).count() > 40
