"""What patients are told once they have answered: once, in their language, with numbers that can be read."""

from __future__ import annotations

import pytest

from reminders import reasons
from reminders.models import Kind, Reminder, State
from scheduling.cancelling import cancel_appointment, undo_cancellation
from scheduling.models import Status
from scheduling.patient_copy import release_patient_data
from tests.reminders.test_conversation import account, last, reminded, status_of, text

__all__ = ["account", "reminded", "text"]
pytestmark = pytest.mark.django_db


def word_of_it(visit, kind: str = Kind.CANCELLED) -> Reminder:
    return Reminder.objects.get(appointment=visit, kind=kind)


def test_who_cancels_by_sms_is_told_in_the_answer_and_not_once_more(visit, reminded, text):
    text("cancel")
    assert "is cancelled" in text("yes")

    message = word_of_it(visit)
    assert (message.state, message.reason) == (State.SUPPRESSED, reasons.SAID_IN_ANSWER)


def test_when_the_clinic_cancels_the_message_goes_out(visit, reminded, patient_request, receptionist):
    cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)

    assert word_of_it(visit).state == State.PLANNED


def test_when_that_is_taken_back_the_patient_hears_that_the_visit_stands(visit, reminded, text, receptionist):
    text("cancel")
    text("yes")
    visit.refresh_from_db()

    undo_cancellation(appointment=visit, by=receptionist)

    assert status_of(visit) == Status.CONFIRMED
    assert word_of_it(visit, Kind.BOOKED).state == State.PLANNED
    assert word_of_it(visit).reason == reasons.SAID_IN_ANSWER


def test_in_arabic_the_number_to_call_has_no_groups_that_could_change_places(visit, reminded, patient, harbour, text):
    patient.language, harbour.phone = "ar", "+442079460018"
    patient.save()
    harbour.save()

    assert "02079460018" in text("شيء آخر تماما")


def test_what_a_patient_answered_is_in_the_copy_of_their_data(visit, reminded, text, clinic_admin, patient):
    text("My brother will drive me")

    copy = release_patient_data(patient=patient, by=clinic_admin, reason="Asked at the desk", form="json").as_dict()

    (reply,) = copy["replies"]
    assert (reply["words"], reply["from"]) == ("My brother will drive me", patient.mobile)
    assert reply["outcome"] == last().outcome


def test_an_answer_to_another_clinic_is_theirs_to_hand_out(visit, reminded, text, clinic_admin, patient, northgate):
    text("My brother will drive me")
    message = last()
    message.clinic = northgate
    message.save()

    copy = release_patient_data(patient=patient, by=clinic_admin, reason="Asked at the desk", form="json").as_dict()

    assert copy["replies"] == []
