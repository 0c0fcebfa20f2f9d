"""The trail's screens: each auditor sees the rows of their clinics, and nobody else knows that there is a trail."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from carebridge.audit import views
from carebridge.audit.models import LogEntry
from carebridge.audit.trail import log_access, log_change, log_refused
from carebridge.errors import NotAllowed
from scheduling.booking import AWAITS_SIGN_OFF
from scheduling.models import Appointment, Status
from scheduling.reviews import refuse_override, sign_off_override
from tests import factories

pytestmark = pytest.mark.django_db

REASON = "Asked for by the data protection officer"


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def lines(answer):
    return [line.entry for line in answer.context["lines"]]


@pytest.mark.parametrize("person", ["receptionist", "doctor_user", "support"])
@pytest.mark.parametrize("path", ["/audit/", "/audit/refused/", "/audit/export/"])
def test_for_everybody_else_there_is_no_trail(person, path, request):
    expected = 200 if (person, path) == ("support", "/audit/refused/") else 404
    assert signed_in(request.getfixturevalue(person)).get(path).status_code == expected


def test_an_administrator_sees_the_rows_of_their_own_clinic(clinic_admin, visit, northgate, receptionist_elsewhere):
    foreign = log_change(northgate, event="clinic.noted", by=receptionist_elsewhere)

    seen = lines(signed_in(clinic_admin).get("/audit/"))

    assert {entry.event for entry in seen} >= {"appointment.booked"}
    assert foreign not in seen


def test_rows_of_no_clinic_are_shown_to_those_who_work_with_the_person(
    clinic_admin, receptionist, receptionist_elsewhere, harbour
):
    ours = log_access(receptionist, event="patient.searched", by=receptionist)
    theirs = log_access(receptionist_elsewhere, event="patient.searched", by=receptionist_elsewhere)

    seen = lines(signed_in(clinic_admin).get("/audit/"))

    assert ours in seen
    assert theirs not in seen


def test_what_the_system_does_by_itself_is_shown_to_system_administrators(clinic_admin, sysadmin, consultation):
    row = log_access(consultation, event="directory.noted", by=None)

    assert row in lines(signed_in(sysadmin).get("/audit/"))
    assert row not in lines(signed_in(clinic_admin).get("/audit/"))


def test_a_patients_trail_tells_who_looked_at_or_changed_them(
    clinic_admin, visit, patient, another_patient, receptionist
):
    signed_in(receptionist).get(f"/patients/{patient.pk}/")
    log_access(another_patient, event="patient.opened", by=receptionist)

    answer = signed_in(clinic_admin).get(f"/audit/patients/{patient.pk}/")

    assert "Who looked at or changed Nerys Calloway" in answer.content.decode()
    assert {entry.event for entry in lines(answer)} == {"appointment.booked", "patient.opened"}


def test_a_role_without_names_reads_a_patients_trail_without_the_name(manager, visit, patient):
    text = signed_in(manager).get(f"/audit/patients/{patient.pk}/").content.decode()

    assert f"Who looked at or changed {patient}" in text
    assert "Calloway" not in text


def test_a_patient_of_another_clinic_has_no_trail_here(clinic_admin, patient_elsewhere):
    assert signed_in(clinic_admin).get(f"/audit/patients/{patient_elsewhere.pk}/").status_code == 404


def test_looking_at_a_trail_is_a_look(clinic_admin, patient):
    signed_in(clinic_admin).get(f"/audit/patients/{patient.pk}/")

    assert LogEntry.objects.get(event="patient.trail_viewed").actor == clinic_admin


def test_the_record_leads_to_its_trail_for_those_who_may_see_it(clinic_admin, receptionist, patient):
    link = f"/audit/patients/{patient.pk}/"

    assert link in signed_in(clinic_admin).get(f"/patients/{patient.pk}/").content.decode()
    assert link not in signed_in(receptionist).get(f"/patients/{patient.pk}/").content.decode()


def test_a_persons_trail_tells_what_they_did(clinic_admin, visit, receptionist, dr_osei):
    seen = lines(signed_in(clinic_admin).get(f"/audit/people/{receptionist.pk}/"))

    assert [entry.event for entry in seen] == ["appointment.booked"]


def test_somebody_of_another_clinic_has_no_trail_here(clinic_admin, receptionist_elsewhere):
    assert signed_in(clinic_admin).get(f"/audit/people/{receptionist_elsewhere.pk}/").status_code == 404


def test_refused_attempts_stand_apart(clinic_admin, visit, receptionist, harbour):
    signed_in(receptionist).get("/audit/")

    seen = lines(signed_in(clinic_admin).get("/audit/refused/"))

    assert [(entry.event, entry.actor) for entry in seen] == [("access.refused", receptionist)]


def test_support_reads_why_something_was_refused_and_no_more_of_the_trail(
    support, receptionist, visit, patient, receptionist_elsewhere
):
    with pytest.raises(NotAllowed):
        sign_off_override(appointment=visit, by=receptionist)
    log_refused(event="try.refused", by=receptionist_elsewhere, instance=factories.ClinicFactory(name="Southgate"))

    answer = signed_in(support).get("/audit/refused/")

    assert [entry.event for entry in lines(answer)] == ["sign_off_override.refused"]
    page = answer.content.decode()
    assert "Your role doesn&#x27;t allow this" in page
    assert "permission: sign_off" in page
    assert patient.family_name not in page
    assert "/audit/patients/" not in page
    assert "/audit/people/" not in page


def test_support_reads_with_what_reason_a_second_person_refused_an_override(support, manager, visit):
    Appointment.objects.filter(pk=visit.pk).update(
        status=Status.REQUIRES_REVIEW, status_before_review=Status.CONFIRMED, review_reason=AWAITS_SIGN_OFF
    )
    refuse_override(appointment=visit, reason="Theatre is full", by=manager)

    answer = signed_in(support).get("/audit/refused/")

    assert [(entry.event, entry.actor) for entry in lines(answer)] == [("appointment.override_refused", manager)]
    assert "Override refused: Theatre is full" in answer.content.decode()


def test_failed_sign_ins_are_among_the_refused_attempts(clinic_admin, receptionist, receptionist_elsewhere):
    for name in (receptionist.username, receptionist_elsewhere.username):
        Client().post("/accounts/login/", {"login": name, "password": "not this one"})

    seen = lines(signed_in(clinic_admin).get("/audit/refused/"))

    assert [(entry.event, entry.object_pk) for entry in seen] == [("sign_in.failed", str(receptionist.pk))]


@pytest.mark.parametrize(
    ("query", "events"),
    [
        ("kind=looked", {"patient.opened"}),
        ("kind=changed", {"appointment.booked"}),
        ("event=patient.opened", {"patient.opened"}),
        ("until=2020-01-01", set()),
        ("reference={reference}", {"appointment.booked", "patient.opened"}),
        ("reference=CB-2222-3333", set()),
        ("person={person}&kind=changed", {"appointment.booked"}),
        ("clinic={clinic}&kind=changed", {"appointment.booked"}),
        ("since={today}&kind=changed", {"appointment.booked"}),
    ],
)
def test_filters_narrow_the_trail(clinic_admin, visit, patient, receptionist, harbour, query, events):
    log_access(patient, event="patient.opened", by=receptionist, clinic_id=harbour.pk)
    asked = query.format(
        reference=visit.reference, person=receptionist.pk, clinic=harbour.pk, today=timezone.now().date()
    )

    seen = {entry.event for entry in lines(signed_in(clinic_admin).get(f"/audit/?{asked}"))}

    assert seen - {"membership.granted", "", "sign_in.succeeded"} == events


@pytest.mark.parametrize(
    "query", ["since=tomorrow", "clinic=999999", "kind=gossip", "event=never.heard_of", "person=nobody"]
)
def test_a_filter_that_cant_be_understood_is_refused_and_shows_nothing(sysadmin, visit, query):
    client = signed_in(sysadmin)

    shown = client.get(f"/audit/?{query}")
    asked = client.get(f"/audit/export/?{query}")
    exported = client.post(f"/audit/export/?{query}", {"reason": REASON})

    assert [each.status_code for each in (shown, asked, exported)] == [422, 422, 422]
    assert lines(shown) == []
    assert "can’t be understood" in exported.content.decode()
    assert not LogEntry.objects.filter(event="audit.exported").exists()


def test_older_rows_follow_on_a_page_of_their_own_and_none_twice(clinic_admin, harbour, receptionist, monkeypatch):
    monkeypatch.setattr(views, "PAGE", 3)
    rows = [log_change(harbour, event="clinic.noted", by=receptionist) for _ in range(7)]
    client = signed_in(clinic_admin)

    first = client.get("/audit/?event=&kind=changed")
    log_change(harbour, event="clinic.noted", by=receptionist)
    second = client.get(f"/audit/?{first.context['older']}")

    assert [entry.pk for entry in lines(first) + lines(second)] == [row.pk for row in rows[:0:-1]]


def test_more_rows_cost_no_more_statements(clinic_admin, harbour, receptionist, statements_of):
    client = signed_in(clinic_admin)
    log_change(harbour, event="clinic.noted", by=receptionist)
    one = statements_of(lambda: client.get("/audit/"))
    for _ in range(10):
        log_change(harbour, event="clinic.noted", by=receptionist)

    assert statements_of(lambda: client.get("/audit/")) == one


# --- Export ----------------------------------------------------------------------------------------------------------


def test_an_export_needs_a_reason_and_is_recorded_with_it(sysadmin, visit):
    client = signed_in(sysadmin)

    refused = client.post("/audit/export/?kind=changed", {"reason": "because"})
    answer = client.post("/audit/export/?kind=changed", {"reason": REASON})

    assert refused.status_code == 422
    table = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert "sysadmin" in table[0][0]
    assert REASON in table[0][0]
    assert table[1][0] == "Id"
    row = LogEntry.objects.get(event="audit.exported")
    assert row.additional_data["rows"] == len(table) - 3
    assert row.additional_data["reason"] == REASON
    assert row.additional_data["filters"] == {"kind": "changed"}


def test_an_administrator_who_may_look_may_not_export(clinic_admin):
    assert signed_in(clinic_admin).post("/audit/export/", {"reason": REASON}).status_code == 404


def test_an_export_beyond_the_limit_is_refused_whole(sysadmin, visit, monkeypatch):
    monkeypatch.setattr(views, "MOST_ROWS", 1)

    answer = signed_in(sysadmin).post("/audit/export/", {"reason": REASON})

    assert answer.status_code == 422
    assert "Narrow the filters" in answer.content.decode()
    assert not LogEntry.objects.filter(event="audit.exported").exists()


def test_pages_of_the_trail_are_kept_by_no_cache(clinic_admin):
    assert "no-store" in signed_in(clinic_admin).get("/audit/").headers["Cache-Control"]


def test_a_row_of_last_year_is_found_by_its_day(clinic_admin, harbour, receptionist, sealed_last_year):
    day = sealed_last_year.timestamp.date()

    seen = lines(signed_in(clinic_admin).get(f"/audit/?since={day}&until={day}"))

    assert seen == [sealed_last_year]


@pytest.fixture
def sealed_last_year(owner, harbour, receptionist):
    row = log_change(harbour, event="clinic.noted", by=receptionist)
    owner("UPDATE audit_logentry SET timestamp = %s WHERE id = %s", [timezone.now() - timedelta(days=365), row.pk])
    row.refresh_from_db()
    return row
