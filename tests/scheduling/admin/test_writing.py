"""Configuration in the admin: written by the commands, and accounted for."""

from __future__ import annotations

from datetime import UTC, time, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from carebridge.audit.models import LogEntry
from scheduling.models import (
    Appointment,
    Clinic,
    ClinicClosure,
    ClinicMembership,
    Doctor,
    DoctorClinic,
    Offering,
    OpeningHours,
    Patient,
    RecurringBreak,
    ScheduleBlock,
    ScheduleEvent,
    Status,
    WorkingHours,
)
from tests import factories
from tests.scheduling.admin.pages import page_form, path

pytestmark = pytest.mark.django_db


def test_no_page_writes_an_appointment_its_ledger_or_its_history(visit, clinic_admin, sysadmin, sign_in):
    for model in (Appointment, ScheduleEvent):
        for user in (clinic_admin, sysadmin):
            client = sign_in(user)
            row = model.objects.first()
            assert client.post(path(model, "change", row.pk), {"status": "cancelled"}).status_code == 403
            assert client.post(path(model, "delete", row.pk), {"post": "yes"}).status_code == 403
            assert client.get(path(model, "add")).status_code == 403
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED


def test_the_admin_of_appointments_never_saves_by_itself():
    """Its source calls commands; a save, an update or a delete there would be a second way to write."""
    source = Path("scheduling/admin/appointments.py").read_text()

    for writing in (".save(", ".update(", ".delete(", ".create(", "bulk_"):
        assert writing not in source


def run_action(client: Client, name: str, visit: Appointment, **fields):
    data = {"action": name, "_selected_action": [visit.pk], **fields}
    return client.post(path(Appointment, "changelist"), data, follow=True)


def test_the_cancel_action_cancels_through_the_command(visit, clinic_admin, patient_request, sign_in):
    client = sign_in(clinic_admin)

    refused = run_action(client, "cancel", visit)
    assert "Choose a reason" in refused.content.decode()

    run_action(client, "cancel", visit, reason=patient_request.pk)
    visit.refresh_from_db()
    assert visit.status == Status.CANCELLED
    assert visit.events.filter(kind="appointment.cancelled", actor=clinic_admin).exists()
    assert not visit.allocations.filter(released_at=None).exists()


def test_an_action_that_the_command_refuses_says_why(visit, clinic_admin, sign_in):
    answer = run_action(sign_in(clinic_admin), "mark_no_show", visit)

    assert "has not begun yet" in answer.content.decode()
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED


def test_hours_saved_in_the_admin_send_visits_to_review(visit, dr_osei, clinic_admin, sign_in):
    hours = WorkingHours.objects.get(resource=dr_osei.resource, weekday=0)
    client, url = sign_in(clinic_admin), path(WorkingHours, "change", hours.pk)

    answer = client.post(url, page_form(client, url, starts="11:00"))

    assert answer.status_code == 302
    visit.refresh_from_db()
    assert visit.status == Status.REQUIRES_REVIEW
    assert ScheduleEvent.objects.filter(kind="roster.hours_changed", actor=clinic_admin).exists()


def test_hours_that_overlap_are_refused_on_the_form_with_what_was_typed(visit, dr_osei, harbour, clinic_admin, sign_in):
    client = sign_in(clinic_admin)
    typed = {
        "resource": dr_osei.resource_id,
        "clinic": harbour.pk,
        "weekday": 0,
        "starts": "16:00",
        "ends": "19:00",
        "every_weeks": 1,
        "valid_from": "2030-01-01",
    }

    answer = client.post(path(WorkingHours, "add"), typed)

    assert answer.status_code == 200
    assert "overlap other hours" in answer.content.decode()
    assert 'value="19:00"' in answer.content.decode()
    assert not WorkingHours.objects.filter(ends=time(19)).exists()


def test_a_break_deleted_in_the_admin_ends_by_the_command(dr_osei, clinic_admin, sign_in):
    lunch = RecurringBreak.objects.filter(resource=dr_osei.resource).first()

    sign_in(clinic_admin).post(path(RecurringBreak, "delete", lunch.pk), {"post": "yes"})

    lunch.refresh_from_db()
    assert lunch.valid_until is not None
    assert ScheduleEvent.objects.filter(kind="roster.break_ended").exists()


def test_a_block_laid_and_lifted_in_the_admin(visit, dr_osei, clinic_admin, sign_in):
    client = sign_in(clinic_admin)
    day = visit.starts_at.astimezone(UTC)
    typed = {
        "resource": dr_osei.resource_id,
        "kind": "emergency",
        "starts_at_0": f"{day:%Y-%m-%d}",
        "starts_at_1": f"{day:%H:%M}",
        "ends_at_0": f"{day:%Y-%m-%d}",
        "ends_at_1": f"{day + timedelta(hours=1):%H:%M}",
    }

    assert client.post(path(ScheduleBlock, "add"), typed).status_code == 302
    visit.refresh_from_db()
    assert visit.status == Status.REQUIRES_REVIEW

    block = ScheduleBlock.objects.get()
    assert client.post(path(ScheduleBlock, "delete", block.pk), {"post": "yes"}).status_code == 302
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED


def test_a_clinics_hours_and_closures_are_changed_by_the_command(visit, harbour, clinic_admin, sign_in):
    client, url = sign_in(clinic_admin), path(Clinic, "change", harbour.pk)
    day = visit.starts_at.astimezone(UTC)
    closure = {
        "closures-TOTAL_FORMS": "1",
        "closures-0-clinic": harbour.pk,
        "closures-0-reason": "burst pipe",
        "closures-0-starts_at_0": f"{day:%Y-%m-%d}",
        "closures-0-starts_at_1": "06:00",
        "closures-0-ends_at_0": f"{day:%Y-%m-%d}",
        "closures-0-ends_at_1": "20:00",
    }

    answer = client.post(url, page_form(client, url, phone="020 7946 0018", **closure))

    assert answer.status_code == 302, answer.context["errors"]
    harbour.refresh_from_db()
    visit.refresh_from_db()
    assert harbour.phone == "020 7946 0018"
    assert visit.status == Status.REQUIRES_REVIEW
    assert OpeningHours.objects.filter(clinic=harbour).count() == 5

    page_with_delete = page_form(client, url, **{"closures-0-DELETE": "on"})
    assert client.post(url, page_with_delete).status_code == 302
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED
    assert not ClinicClosure.objects.exists()


def test_editing_a_clinic_or_type_takes_its_row_from_bookings(harbour, consultation, clinic_admin, sign_in):
    client = sign_in(clinic_admin)
    for row, table in ((harbour, "scheduling_clinic"), (consultation, "scheduling_appointmenttype")):
        url = path(type(row), "change", row.pk)
        data = page_form(client, url)
        with CaptureQueriesContext(connection) as captured:
            assert client.post(url, data).status_code == 302
        statements = [each["sql"] for each in captured]
        locks = [n for n, sql in enumerate(statements) if f'"{table}"' in sql and sql.endswith("FOR UPDATE")]
        saves = [n for n, sql in enumerate(statements) if sql.startswith(f'UPDATE "{table}"')]
        assert locks
        assert saves
        assert locks[0] < saves[0]


def test_a_new_doctor_gets_a_resource_and_a_renamed_one_renames_it(harbour, consultation, clinic_admin, sign_in):
    client = sign_in(clinic_admin)
    typed = page_form(client, path(Doctor, "add"), given_name="Mira", family_name="Petrova", title="Dr")
    typed |= {
        "places-TOTAL_FORMS": "1",
        "places-0-clinic": harbour.pk,
        "offerings-TOTAL_FORMS": "1",
        "offerings-0-appointment_type": consultation.pk,
        "offerings-0-clinic": harbour.pk,
        "offerings-0-is_active": "on",
    }

    answer = client.post(path(Doctor, "add"), typed)
    assert answer.status_code == 302, answer.context["errors"]
    doctor = Doctor.objects.get(family_name="Petrova")
    assert doctor.resource.name == "Dr Mira Petrova"
    assert DoctorClinic.objects.filter(doctor=doctor, clinic=harbour).exists()
    assert Offering.objects.filter(doctor=doctor).exists()

    url = path(Doctor, "change", doctor.pk)
    assert client.post(url, page_form(client, url, family_name="Petrov")).status_code == 302
    doctor.resource.refresh_from_db()
    assert doctor.resource.name == "Dr Mira Petrov"
    assert doctor.resource.schedule_version == 1


def test_memberships_are_granted_and_revoked_by_the_commands(harbour, clinic_admin, sign_in):
    client, newcomer = sign_in(clinic_admin), factories.UserFactory()
    url = path(ClinicMembership, "add")

    client.post(url, {"user": newcomer.pk, "clinic": harbour.pk, "role": "receptionist"})
    membership = ClinicMembership.objects.get(user=newcomer)
    assert membership.granted_by == clinic_admin
    assert newcomer.has_perm("receptionist_at", harbour)

    refused = client.post(url, {"user": newcomer.pk, "clinic": harbour.pk, "role": "system_administrator"})
    assert "Only a system administrator" in refused.content.decode()

    client.post(path(ClinicMembership, "delete", membership.pk), {"post": "yes"})
    assert not ClinicMembership.objects.filter(user=newcomer).exists()


def test_configuration_is_audited_with_its_actor_and_patients_never_by_value(
    visit, harbour, patient, clinic_admin, sign_in
):
    client, url = sign_in(clinic_admin), path(Clinic, "change", harbour.pk)
    client.post(url, page_form(client, url, city="Bristol"))
    entry = LogEntry.objects.filter(object_pk=str(harbour.pk), actor=clinic_admin).latest("id")
    assert entry.changes["city"][1] == "Bristol"

    url = path(Patient, "change", patient.pk)
    answer = client.post(url, page_form(client, url, email="nerys@carebridge.example", access_needs=""))
    assert answer.status_code == 302, answer.context["errors"]
    patient.refresh_from_db()
    assert patient.email == "nerys@carebridge.example"
    told = LogEntry.objects.filter(object_pk=str(patient.pk))
    assert told.filter(event="patient.updated", actor=clinic_admin).exists()
    written = " ".join(f"{each.object_repr} {each.changes} {each.serialized_data}" for each in told)
    for value in ("nerys", "Calloway", "7700900461", str(patient.birth_date)):
        assert value not in written
