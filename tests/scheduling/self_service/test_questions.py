"""Questions before a visit: the patient answers on the page of the link, the team reads, nobody else."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from carebridge.audit.models import LogEntry
from scheduling.cancelling import cancel_appointment
from scheduling.models import Answer, Question
from scheduling.patient_copy import release_patient_data
from scheduling.rescheduling import reschedule_appointment
from scheduling.retention import anonymise_patient

pytestmark = pytest.mark.django_db


@pytest.fixture
def allergic(consultation) -> Question:
    return Question.objects.create(
        appointment_type=consultation, kind="yes_no", text="Are you allergic to any medicine?", is_required=True
    )


@pytest.fixture
def language(consultation) -> Question:
    return Question.objects.create(
        appointment_type=consultation, kind="choice", text="How shall we speak?", choices="English\nWelsh", position=1
    )


@pytest.fixture
def answers(phone, allergic, language):
    """Sends answers by question; returns the status."""

    def send(**given: str) -> int:
        named = {"allergic": allergic, "language": language}
        return phone.press(
            "questions/", **{f"question-{named[name].pk}": text for name, text in given.items()}
        ).status_code

    return send


def test_a_visit_without_questions_asks_none(phone):
    assert "Questions before you come" not in phone.open().content.decode()


def test_the_patient_answers_and_may_think_again(phone, visit, answers):
    assert "2 questions are still to be answered" in phone.open().content.decode()

    assert answers(allergic="no", language="Welsh") == 302
    assert answers(allergic="yes") == 302

    assert list(visit.answers.values_list("asked", "text")) == [("Are you allergic to any medicine?", "yes")]
    assert "1 question is still to be answered" in phone.open().content.decode()
    assert re.search(r'value="yes"[^>]* checked', phone.open("questions/").content.decode())


@pytest.mark.parametrize(
    "given", [{}, {"language": "Welsh"}, {"allergic": "maybe"}, {"allergic": "no", "language": "Klingon"}]
)
def test_what_is_missing_or_was_never_offered_is_asked_again_and_nothing_is_kept(visit, answers, given):
    assert answers(**given) == 422
    assert not visit.answers.exists()


def test_once_the_visit_is_cancelled_or_has_begun_answers_are_over(visit, phone, answers, patient_request):
    with time_machine.travel(visit.starts_at + timedelta(seconds=1)):
        phone.says_birth_date(visit.patient.birth_date)
        assert answers(allergic="no") == 422
    cancel_appointment(appointment=visit, reason=patient_request, by=None)
    assert answers(allergic="no") == 422
    assert not Answer.objects.exists()


def test_the_trail_says_that_questions_were_answered_and_never_what(visit, answers):
    answers(allergic="yes", language="Welsh")

    entry = LogEntry.objects.get(event="appointment.questions_answered")
    assert entry.object_pk == str(visit.pk)
    assert "Welsh" not in f"{entry.changes} {entry.additional_data}"


def test_answers_move_with_the_visit_to_whoever_may_read_notes(client, visit, answers, receptionist, support):
    answers(allergic="no", language="Welsh")
    moved = reschedule_appointment(appointment=visit, starts_at=visit.starts_at + timedelta(hours=1), by=receptionist)

    client.force_login(receptionist)
    assert "Welsh" in client.get(f"/appointments/{moved.reference}/").content.decode()
    client.force_login(support)
    assert "Welsh" not in client.get(f"/appointments/{moved.reference}/").content.decode()


def test_answers_are_handed_out_with_the_record_and_go_with_it(
    visit, answers, patient, manager, clinic_admin, settings
):
    answers(allergic="no", language="Welsh")

    copy = release_patient_data(
        patient=patient, by=clinic_admin, reason="Asked at the desk, passport seen", form="json"
    )
    assert copy.visits[0]["answers"][1] == {"asked": "How shall we speak?", "answer": "Welsh"}

    settings.PATIENT_RETENTION_YEARS = 1
    with time_machine.travel(timezone.now() + timedelta(days=800)):
        visit.status = "completed"
        visit.save()
        anonymise_patient(patient=patient, by=None)
    assert not Answer.objects.exists()
