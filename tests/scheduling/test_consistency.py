"""The nightly comparison is silent about a sound schedule, and names each way in which one can be unsound."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from scheduling.booking import book_appointment
from scheduling.consistency import findings
from scheduling.models import Allocation, Appointment, ResourceDay, Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit(patient, consultation, dr_osei, harbour, receptionist, monday):
    booked = book_appointment(
        patient=patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=datetime.combine(monday, time(10), tzinfo=harbour.zone),
        by=receptionist,
    )
    # What is checked at commit is checked now, so that the tests may break the schema afterwards.
    run("SET CONSTRAINTS ALL IMMEDIATE")
    return booked


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def rules(visit) -> set[str]:
    day = visit.starts_at.date()
    return {found.rule for found in findings(day - timedelta(days=1), day + timedelta(days=1))}


def test_a_sound_schedule_has_no_findings(visit):
    assert rules(visit) == set()
    call_command("check_schedule")


def test_a_mask_that_was_lost_is_found_and_can_be_repaired(visit):
    ResourceDay.objects.all().delete()

    assert rules(visit) == {"masks say what the ledger says"}
    with pytest.raises(CommandError, match="contradictions"):
        call_command("check_schedule")
    call_command("check_schedule", repair=True)
    assert rules(visit) == set()


def test_a_flag_that_overlaps_nothing_is_found(visit):
    Allocation.objects.filter(appointment=visit).update(overbooked=True)

    assert rules(visit) == {"an overbooked row overlaps something"}


def test_a_status_out_of_step_is_found(visit):
    run("ALTER TABLE scheduling_appointment DISABLE TRIGGER USER")
    Appointment.objects.filter(pk=visit.pk).update(status=Status.CANCELLED)

    assert rules(visit) == {"status and ledger are in step"}


def test_a_doctors_time_beside_the_visit_is_found(visit):
    Appointment.objects.filter(pk=visit.pk).update(
        starts_at=visit.starts_at + timedelta(hours=1), ends_at=visit.ends_at + timedelta(hours=1)
    )

    assert rules(visit) == {"the doctor's time lies in the visit"}


def test_a_row_over_another_is_found_when_the_constraint_is_gone(visit):
    run("ALTER TABLE scheduling_allocation DROP CONSTRAINT allocation_no_overlap")
    row = Allocation.objects.filter(appointment=visit).first()
    row.pk = None
    row.save(force_insert=True)

    assert "no resource is taken twice unflagged" in rules(visit)
