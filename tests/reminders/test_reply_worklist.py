"""Replies to read: a person decides what a patient meant."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from carebridge.audit.models import LogEntry
from carebridge.errors import NotAllowed
from reminders.models import InboundMessage
from reminders.reply_worklist import AlreadyHandled, cancel_from_reply, confirm_from_reply, mark_read, waiting
from scheduling.models import Appointment, Status
from scheduling.retention import anonymise_patient

pytestmark = pytest.mark.django_db


@pytest.fixture
def reply(visit, patient, harbour) -> InboundMessage:
    """The patient asked something about their visit."""
    return InboundMessage.objects.create(
        provider="twilio",
        provider_id="SM1",
        address="+447700900461",
        body="<b>Is it far</b> to walk?",
        received_at=timezone.now(),
        outcome="not_understood",
        clinic=harbour,
        patient=patient,
        appointment=visit,
        needs_person=True,
    )


def test_the_clinics_reception_reads_what_was_said_with_the_number(client, receptionist, reply, visit):
    client.force_login(receptionist)
    page = client.get("/replies/").content.decode()

    assert "&lt;b&gt;Is it far&lt;/b&gt; to walk?" in page
    assert "07700 900461" in page
    assert f"/appointments/{visit.reference}/" in page
    assert LogEntry.objects.filter(event="patient.listed", actor=receptionist).exists()


@pytest.mark.parametrize("who", ["manager", "support", "doctor_user"])
def test_nobody_else_does(client, request, reply, who):
    client.force_login(request.getfixturevalue(who))

    assert client.get("/replies/").status_code == 404


def test_another_clinics_reception_sees_none_of_it(client, receptionist_elsewhere, reply):
    client.force_login(receptionist_elsewhere)

    assert b"Is it far" not in client.get("/replies/").content
    assert client.post(f"/replies/{reply.pk}/read/").status_code == 404


def test_confirming_from_the_list_is_the_patients_word_and_settles_the_reply(client, receptionist, reply, visit):
    client.force_login(receptionist)
    assert client.post(f"/replies/{reply.pk}/confirm/").status_code == 302

    visit.refresh_from_db()
    reply.refresh_from_db()
    assert visit.attendance_confirmed_at
    assert reply.handled_by == receptionist
    assert b"No replies to read" in client.get("/replies/").content
    assert LogEntry.objects.get(event="reply.handled").actor == receptionist


def test_cancelling_from_the_list_works_past_the_cut_off_too(reply, visit, receptionist, patient_request):
    with time_machine.travel(visit.starts_at - timedelta(hours=2)):
        cancel_from_reply(reply=reply, by=receptionist)

    visit.refresh_from_db()
    assert visit.status == Status.CANCELLED
    assert visit.cancellations.get().is_late


def test_of_two_colleagues_the_second_hears_that_it_is_done(reply, receptionist, clinic_admin):
    mark_read(reply=reply, by=receptionist)

    with pytest.raises(AlreadyHandled):
        confirm_from_reply(reply=reply, by=clinic_admin)
    assert Appointment.objects.get(pk=reply.appointment_id).attendance_confirmed_at is None


def test_a_command_asks_for_the_right_itself(reply, manager):
    with pytest.raises(NotAllowed):
        mark_read(reply=reply, by=manager)


def test_a_patient_who_was_asked_whether_to_cancel_has_time_to_answer(reply, receptionist):
    InboundMessage.objects.update(outcome="asked")
    assert not waiting(receptionist).exists()

    with time_machine.travel(timezone.now() + timedelta(hours=13)):
        assert waiting(receptionist).exists()


def test_the_list_costs_no_more_for_more_replies(client, receptionist, reply, statements_of):
    client.force_login(receptionist)
    one = statements_of(lambda: client.get("/replies/"))
    for n in range(2, 6):
        InboundMessage.objects.create(**{**_fields(reply), "provider_id": f"SM{n}"})

    assert statements_of(lambda: client.get("/replies/")) == one


def _fields(reply: InboundMessage) -> dict[str, object]:
    left_out = ("id", "provider_id")
    return {
        each.attname: getattr(reply, each.attname) for each in reply._meta.concrete_fields if each.name not in left_out
    }


def test_anonymising_the_patient_takes_words_and_number_away(reply, visit, patient, settings):
    settings.PATIENT_RETENTION_YEARS = 1
    Appointment.objects.filter(pk=visit.pk).update(status=Status.COMPLETED)
    with time_machine.travel(timezone.now() + timedelta(days=800)):
        anonymise_patient(patient=patient, by=None)

    reply.refresh_from_db()
    assert (reply.body, reply.address) == ("", "")


def test_of_a_shared_number_the_list_names_everybody_it_may_be(client, receptionist, reply, patient, another_patient):
    InboundMessage.objects.update(patient=None, appointment=None, outcome="several_patients")
    another_patient.mobile = patient.mobile
    another_patient.save()
    client.force_login(receptionist)
    page = client.get("/replies/").content.decode()

    assert "Several patients have this number" in page
    assert patient.full_name in page
    assert another_patient.full_name in page
