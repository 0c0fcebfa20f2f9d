"""What was tried and not allowed stays in the trail, although the refused transaction is rolled back."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client

from carebridge.audit import refusals
from carebridge.audit.models import LogEntry
from carebridge.audit.trail import acting_as, log_refused
from carebridge.db import command
from carebridge.errors import NotAllowed
from scheduling.cancelling import cancel_appointment
from scheduling.memberships import grant_membership

pytestmark = pytest.mark.django_db


def refused_rows():
    return LogEntry.objects.filter(refused=True).order_by("id")


def get(user, path, **headers):
    client = Client()
    client.force_login(user)
    return client.get(path, headers=headers)


@pytest.mark.django_db(transaction=True)
def test_a_refused_command_is_listed_after_its_transaction_is_rolled_back(
    visit, patient_request, receptionist_elsewhere
):
    with pytest.raises(NotAllowed):
        cancel_appointment(appointment=visit, reason=patient_request, by=receptionist_elsewhere)

    (row,) = refused_rows()
    assert (row.event, row.actor, row.object_id) == ("cancel_appointment.refused", receptionist_elsewhere, visit.pk)
    assert row.clinic_id == visit.clinic_id
    assert row.patient_id == visit.patient_id
    assert row.additional_data["permission"] == "cancel"


@pytest.mark.django_db(transaction=True)
def test_a_command_refused_inside_another_is_listed_once_when_the_outer_is_over(receptionist, harbour):
    @command()
    def outer(*, by):
        grant_membership(user=by, clinic=harbour, role="doctor", by=by)

    with pytest.raises(NotAllowed):
        outer(by=receptionist)

    assert [row.event for row in refused_rows()] == ["outer.refused"]


def test_what_somebody_may_not_see_is_listed_as_the_thing_it_is(visit, receptionist_elsewhere):
    answer = get(receptionist_elsewhere, f"/appointments/{visit.reference}/")

    (row,) = refused_rows()
    assert answer.status_code == 404
    assert (row.event, row.object_id, row.clinic_id) == ("access.refused", visit.pk, visit.clinic_id)
    assert row.additional_data["route"] == "GET /appointments/<str:reference>/"
    assert (row.remote_addr, bool(row.cid)) == ("127.0.0.1", True)


def test_what_does_not_exist_is_listed_too_so_that_guessing_shows(receptionist_elsewhere):
    unknown = get(receptionist_elsewhere, "/appointments/CB-2222-3333/")

    (row,) = refused_rows()
    assert unknown.status_code == 404
    assert (row.patient_id, row.clinic_id, row.actor) == (None, None, receptionist_elsewhere)


def test_the_answer_does_not_tell_the_hidden_from_the_unknown(visit, receptionist_elsewhere):
    hidden = get(receptionist_elsewhere, f"/appointments/{visit.reference}/")
    unknown = get(receptionist_elsewhere, "/appointments/CB-2222-3333/")

    assert hidden.content.replace(visit.reference.encode(), b"") == unknown.content.replace(b"CB-2222-3333", b"")


def test_a_patient_of_another_clinic_over_the_api_is_listed(patient, receptionist_elsewhere):
    assert get(receptionist_elsewhere, f"/api/v1/patients/{patient.pk}/").status_code == 404

    assert refused_rows().get().patient_id == patient.pk


def test_an_address_nobody_serves_is_not_listed(receptionist):
    get(receptionist, "/nowhere/")
    get(receptionist, "/api/v1/nowhere/")

    assert not refused_rows().exists()


def test_strangers_leave_no_rows(db):
    Client().get("/appointments/CB-2222-3333/")

    assert not refused_rows().exists()


def test_trying_for_ever_does_not_fill_the_trail(visit, receptionist_elsewhere, receptionist):
    client = Client()
    client.force_login(receptionist_elsewhere)
    for _ in range(refusals.PER_PERSON + 20):
        client.get(f"/appointments/{visit.reference}/")
    get(receptionist, "/appointments/CB-2222-3333/")

    rows = refused_rows().filter(actor=receptionist_elsewhere)
    assert rows.count() == refusals.PER_PERSON + 1
    assert rows.last().event == "refusals.not_listed"
    assert refused_rows().filter(actor=receptionist).count() == 1


def test_attempts_of_nobody_known_are_bounded_by_address(db):
    for number in range(refusals.PER_PERSON + 5):
        with acting_as(None, remote_addr="203.0.113.7"):
            log_refused(event="signin.refused", by=None, facts={"try": number})
    with acting_as(None, remote_addr="203.0.113.8"):
        log_refused(event="signin.refused", by=None)

    assert refused_rows().filter(remote_addr="203.0.113.7").count() == refusals.PER_PERSON + 1
    assert refused_rows().filter(remote_addr="203.0.113.8").count() == 1


def test_all_addresses_together_are_bounded(db, monkeypatch):
    monkeypatch.setattr(refusals, "ALTOGETHER", 3)
    for number in range(10):
        with acting_as(None, remote_addr=f"203.0.113.{number}"):
            log_refused(event="signin.refused", by=None)

    assert refused_rows().count() == 4


@pytest.mark.parametrize(
    ("behind_proxy", "address"), [(False, "127.0.0.1"), (True, "198.51.100.4")], ids=["direct", "behind a proxy"]
)
def test_an_address_somebody_claims_is_not_believed(receptionist_elsewhere, settings, behind_proxy, address):
    """Only what our own proxy appended counts; what stands before it the caller wrote."""
    settings.BEHIND_PROXY = behind_proxy

    get(receptionist_elsewhere, "/appointments/CB-2222-3333/", x_forwarded_for="10.0.0.1, 198.51.100.4")

    assert refused_rows().get().remote_addr == address


@pytest.mark.django_db(transaction=True)
def test_a_refusal_noted_inside_a_request_outlives_its_transaction(receptionist):
    from django.http import HttpRequest, HttpResponse

    noted = []
    with acting_as(receptionist, in_request=True, remote_addr=None, refused=noted) as context:
        with transaction.atomic():
            log_refused(event="export.refused", by=receptionist)
            transaction.set_rollback(True)
        refusals.write_refusals(HttpRequest(), HttpResponse(), context)

    assert refused_rows().get().event == "export.refused"
