"""Every page opens for those whose it is, and shows only their clinics."""

from __future__ import annotations

from datetime import datetime, time

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from scheduling.admin.base import ABOUT_PATIENTS
from scheduling.booking import book_appointment
from scheduling.models import (
    Appointment,
    AppointmentType,
    Doctor,
    Patient,
    Resource,
    ScheduleEvent,
    WorkingHours,
)
from tests import factories
from tests.scheduling.admin.pages import path

pytestmark = pytest.mark.django_db

OURS = [model for model in admin.site._registry if model._meta.app_label == "scheduling"]
names = [model._meta.model_name for model in OURS]


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
