"""The catalogue's own words in the patient's language: on pages and in messages, or as they were written."""

from __future__ import annotations

import pytest
from django.test import Client

from reminders.occasion import Occasion, values_of
from reminders.wording import wording_in
from scheduling.models import OnlineBooking, Question, Translation
from scheduling.translations import speaking, translated, words_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_french() -> None:
    lines = {"Cardiology": "Cardiologie", "Do you smoke?": "Fumez-vous ?", "Bring your list.": "Apportez votre liste."}
    Translation.objects.bulk_create(
        Translation(language="fr", source=source, text=text) for source, text in lines.items()
    )


def test_a_page_says_the_service_in_the_language_that_is_read(client: Client, harbour, consultation, dr_osei):
    OnlineBooking.objects.create(clinic=harbour, appointment_type=consultation, mode="book")

    assert "Cardiologie" in client.get("/p/book/", headers={"accept-language": "fr"}).content.decode()
    assert "Cardiologie" not in client.get("/p/book/", headers={"accept-language": "pl"}).content.decode()


def test_questions_are_asked_in_it_and_answers_keep_the_question_as_it_was_written(consultation):
    question = Question.objects.create(appointment_type=consultation, text="Do you smoke?")

    with speaking("fr"):
        assert translated(question.text) == "Fumez-vous ?"
        question.text = "Do you smoke now?"
        assert translated(question.text) == "Do you smoke now?"
    assert translated("Do you smoke?") == "Do you smoke?"


def test_messages_say_it_too(visit):
    occasion = Occasion("booked", visit.clinic, visit.patient, [visit], visit.starts_at)

    assert values_of(occasion, wording_in("fr"), "email")["service"] == "Cardiologie"
    assert values_of(occasion, wording_in("de"), "email")["service"] == "Cardiology"


def test_english_asks_nothing_and_another_language_once(django_assert_num_queries):
    with django_assert_num_queries(0):
        words_in("en")("Cardiology")
    with django_assert_num_queries(1):
        words = words_in("fr")
        assert [words("Cardiology"), words("Dermatology")] == ["Cardiologie", "Dermatology"]
