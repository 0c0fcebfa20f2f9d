"""The admin: every page opens for those whose it is, shows only their clinics, and writes through commands."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from carebridge.audit.models import LogEntry
from scheduling.admin.base import ABOUT_PATIENTS
from scheduling.booking import book_appointment
from scheduling.models import (
    Appointment,
    AppointmentType,
    Clinic,
    ClinicClosure,
    ClinicMembership,
    Doctor,
    DoctorClinic,
    Offering,
    OpeningHours,
    Patient,
    RecurringBreak,
    Resource,
    ScheduleBlock,
    ScheduleEvent,
    Status,
    WorkingHours,
)
from tests import factories

pytestmark = pytest.mark.django_db

OURS = [model for model in admin.site._registry if model._meta.app_label == "scheduling"]
names = [model._meta.model_name for model in OURS]


@pytest.fixture
def visit(patient, consultation, dr_osei, harbour, receptionist, monday) -> Appointment:
    """The patient with Dr Osei at Harbour on Monday at ten."""
    starts_at = datetime.combine(monday, time(10), tzinfo=harbour.zone)
    return book_appointment(
        patient=patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=starts_at,
        by=receptionist,
    )


@pytest.fixture
def everything(visit, dr_osei, harbour, northgate_room, patient_request, cardiology, patient_elsewhere) -> None:
    """At least one row of every model that has a page."""
    begin = datetime(2030, 1, 1, 9, tzinfo=UTC)
    span = {"starts_at": begin, "ends_at": begin + timedelta(hours=2)}
    factories.ScheduleBlockFactory(resource=dr_osei.resource, **span)
    factories.ExtraSessionFactory(resource=dr_osei.resource, clinic=harbour, **span)
    factories.ClinicClosureFactory(clinic=harbour, **span)
    harbour.day_notes.create(day=begin.date(), text="Fire drill at eleven")
    visit.patient.referrals.create(
        number="R-1", referrer="Dr Hale", valid_from=begin.date(), valid_until=begin.date(), service=cardiology
    )
    event = ScheduleEvent.objects.first()
    event.handler_failures.create(handler="reminders.handlers.plan", error="ValueError", failed_at=begin)


@pytest.fixture
def sign_in():
    def run(user) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return run


def path(model, action: str, *args) -> str:
    return reverse(f"admin:scheduling_{model._meta.model_name}_{action}", args=args)


def page_form(client: Client, url: str, **changes) -> dict[str, object]:
    """What a browser would send back of the form on a page, with some fields changed."""
    response = client.get(url)
    assert response.status_code == 200
    data: dict[str, object] = {}
    context = response.context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    for form in forms:
        for bound in form:
            value = bound.value()
            if value is None or value is False:
                continue
            widget = bound.field.widget
            if hasattr(widget, "decompress"):
                parts = widget.decompress(bound.field.prepare_value(value)) if not isinstance(value, list) else value
                data |= {f"{bound.html_name}_{n}": part for n, part in enumerate(parts) if part is not None}
            else:
                data[bound.html_name] = bound.field.prepare_value(value) if not isinstance(value, list) else value
    return {name: value for name, value in (data | changes).items() if value is not None}


# --- Every page opens for those whose it is -------------------------------------------------------------------------


@pytest.mark.parametrize("model", OURS, ids=names)
@pytest.mark.parametrize("who", ["clinic_admin", "sysadmin"])
def test_every_page_opens(model, who, everything, request, sign_in):
    client = sign_in(request.getfixturevalue(who))
    if who == "sysadmin" and admin.site._registry[model].permission in ABOUT_PATIENTS:
        assert client.get(path(model, "changelist")).status_code == 403
        return
    rows = admin.site._registry[model].get_queryset(_as(client, request.getfixturevalue(who)))
    row = rows.first()
    assert row is not None, f"no {model._meta.verbose_name} to look at"

    assert client.get(path(model, "changelist")).status_code == 200
    assert client.get(path(model, "change", row.pk)).status_code == 200
    assert client.get(path(model, "history", row.pk)).status_code == 200
    if admin.site._registry[model].has_add_permission(_as(client, request.getfixturevalue(who))):
        assert client.get(path(model, "add")).status_code == 200


def _as(client: Client, user):
    from django.test import RequestFactory

    made = RequestFactory().get("/admin/")
    made.user = user
    return made


@pytest.mark.parametrize("model", OURS, ids=names)
def test_search_and_filters_work(model, everything, clinic_admin, sign_in):
    client = sign_in(clinic_admin)
    page = admin.site._registry[model]
    if page.search_fields:
        assert client.get(path(model, "changelist"), {"q": "osei 2026-01-01"}).status_code == 200
    for each in page.list_filter:
        assert client.get(path(model, "changelist"), {f"{each}__isnull": "0"}).status_code in (200, 302)


def test_the_index_shows_scheduling_to_administrators_and_nothing_to_other_staff(clinic_admin, manager, sign_in):
    assert b"Appointment types" in sign_in(clinic_admin).get("/admin/").content

    manager.is_staff = True
    manager.save()
    assert b"Appointment types" not in sign_in(manager).get("/admin/").content


@pytest.mark.parametrize("model", OURS, ids=names)
def test_a_receptionist_with_a_staff_flag_configures_nothing(model, everything, receptionist_elsewhere, sign_in):
    receptionist_elsewhere.is_staff = True
    receptionist_elsewhere.save()
    client = sign_in(receptionist_elsewhere)

    response = client.get(path(model, "add"))
    assert response.status_code == 403


def test_an_administrator_sees_the_rows_of_their_own_clinics_only(
    everything, clinic_admin, northgate, northgate_room, patient_elsewhere, sign_in
):
    client = sign_in(clinic_admin)

    for row in (northgate, northgate_room, patient_elsewhere):
        assert client.get(path(type(row), "change", row.pk)).status_code == 404, row
        assert row not in client.get(path(type(row), "changelist")).context["cl"].queryset


def test_patients_cannot_be_searched_by_an_address_that_names_them(everything, clinic_admin, sign_in):
    page = sign_in(clinic_admin).get(path(Patient, "changelist"))

    assert b'id="searchbar"' not in page.content


@pytest.mark.parametrize("model", [Appointment, Resource, Doctor, AppointmentType, WorkingHours, ScheduleEvent])
def test_lists_take_as_many_statements_for_three_rows_as_for_one(
    model,
    everything,
    dr_wilk,
    patient,
    another_patient,
    consultation,
    harbour,
    receptionist,
    monday,
    clinic_admin,
    sign_in,
):
    client = sign_in(clinic_admin)
    first = admin.site._registry[model].get_queryset(_as(client, clinic_admin)).order_by("pk").first()
    counts = []
    for rows in (1, 3):
        for n in range(rows - 1):
            _one_more(model, dr_wilk, another_patient, consultation, harbour, receptionist, monday, n)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(path(model, "changelist")).status_code == 200
        counts.append(len(captured))
    assert first is not None
    assert counts[0] == counts[1]


def _one_more(model, doctor, patient, consultation, harbour, receptionist, monday, n: int) -> None:
    if model in (Appointment, ScheduleEvent):
        book_appointment(
            patient=patient,
            appointment_type=consultation,
            doctor=doctor,
            clinic=harbour,
            starts_at=datetime.combine(monday, time(9 + n), tzinfo=harbour.zone),
            by=receptionist,
        )
    elif model is Doctor:
        factories.DoctorFactory(at=[harbour])
    elif model is Resource:
        factories.RoomFactory(clinic=harbour)
    elif model is AppointmentType:
        factories.RequirementFactory(appointment_type__service=consultation.service)
    else:
        factories.WorkingHoursFactory(resource=doctor.resource, clinic=harbour, weekday=5 + n)


# --- Writing goes through commands ----------------------------------------------------------------------------------


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


# --- Accountability -------------------------------------------------------------------------------------------------


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
