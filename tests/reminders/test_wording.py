"""The words that come with CareBridge: the same things said in six languages, short, and answerable."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import dates, timezone, translation

from reminders.messages import Draft, preview
from reminders.models import Kind, Medium
from reminders.models.rule import TO_STAFF
from reminders.occasion import STILL_CHANGEABLE
from reminders.placeholders import check_subject, check_text
from reminders.replies import Meaning, meaning_of
from reminders.segments import length_of, sms_text
from reminders.wording import LANGUAGES, language_for, wording_in
from scheduling.models import Appointment, AppointmentType, Clinic, Doctor, Patient, Service

pytestmark = pytest.mark.django_db
TO_PATIENTS = [kind for kind in Kind if kind not in TO_STAFF]
PLACEHOLDER = re.compile(r"\{(\w+)\}")
ANSWERS = {
    "en": ("YES", "NO"),  # CANCEL is STOP to Twilio
    "fr": ("OUI", "ANNULER"),
    "de": ("JA", "ABSAGEN"),
    "es": ("SÍ", "CANCELAR"),
    "pl": ("TAK", "ODWOŁAJ"),
}
"""What an SMS asks for. An Arabic one has no room for it beside a link: the page behind it asks."""

WANT_TO_CANCEL = {Meaning.CANCEL, Meaning.NO}
"""Either is asked about once more before anything is cancelled."""


def _told(text: str) -> set[str]:
    """What a text tells. Greeting by name is a matter of language; a visit's time may come with its doctor."""
    return {"time" if name == "visits" else name for name in PLACEHOLDER.findall(text)} - {"given_name"}


def _visit(day: date, language: str) -> Appointment:
    """A visit of somebody with a long name to a doctor with a long name at a clinic with a long name; not saved."""
    clinic = Clinic(name="St Bartholomew Outpatients", code="long", phone="+442079460110")
    starts_at = datetime.combine(day, time(10), tzinfo=UTC)
    visit = Appointment(
        patient=Patient(given_name="Maximiliane-Alexandra", family_name="Featherstonehaugh", language=language),
        appointment_type=AppointmentType(service=Service(name="Gastroenterology consultation"), name="New"),
        doctor=Doctor(title="Dr", given_name="Konstantina", family_name="Papadopoulos-Wrigley"),
        clinic=clinic,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
        local_date=day,
        expires_at=starts_at - timedelta(hours=26),
    )
    visit.moved_from = Appointment(starts_at=starts_at - timedelta(days=2), clinic=clinic)
    return visit


def _longest_day(language: str) -> date:
    days = (timezone.now().date() + timedelta(days=ahead) for ahead in range(1, 290))
    return max(days, key=lambda day: len(wording_in(language).day(day)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_tells_patients_the_same(language):
    english, other = wording_in("en"), wording_in(language)

    assert set(TO_PATIENTS) <= set(other.texts)
    assert set(other.words) == set(english.words)
    for word in english.words:
        assert _told(other.words[word]) == _told(english.words[word]), word
    for kind in TO_PATIENTS:
        assert set(other.texts[kind]) == set(english.texts[kind])
        for place, text in english.texts[kind].items():
            told, wanted = _told(other.texts[kind][place]), _told(text)
            assert told == wanted, (kind, place)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("medium", Medium)
def test_every_text_may_be_sent_as_it_is(language, medium):
    wording = wording_in(language)
    for kind in wording.texts:
        text = wording.text(kind, medium)
        check_text(text.body, medium)
        check_subject(text.subject)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("medium", Medium)
def test_whatever_can_still_be_changed_or_chosen_leads_to_its_page(language, medium):
    wording = wording_in(language)
    leading = {kind for kind in TO_PATIENTS if "{link}" in wording.text(kind, medium).body}

    assert leading == STILL_CHANGEABLE | {Kind.INVITATION}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", TO_PATIENTS)
def test_an_sms_with_long_names_is_two_segments_at_most(language, kind):
    sms = preview(Draft(kind), _visit(_longest_day(language), language), "sms", language)

    # An offer says when, until when and where to answer, and Arabic has room for 67 letters in a segment.
    most = 3 if (kind, language) == (Kind.OFFER, "ar") else 2
    assert length_of(sms.text).segments <= most, (length_of(sms.text), sms.text)


def test_accents_go_only_where_they_would_cost_a_segment():
    assert sms_text("Prosimy odpisać TAK.") == "Prosimy odpisać TAK."
    assert sms_text("Zażółć gęślą jaźń. " * 10) == "Zazolc gesla jazn. " * 10
    assert sms_text("Grüße, señor! " * 20) == "Grüße, señor! " * 20
    assert sms_text("موعدك غدًا " * 20) == "موعدك غدًا " * 20


@pytest.mark.parametrize("language", ANSWERS)
@pytest.mark.parametrize("kind", [Kind.UPCOMING, Kind.CONFIRM_REQUEST])
def test_the_answers_an_sms_asks_for_are_understood(language, kind):
    yes, cancel = ANSWERS[language]
    told = wording_in(language).text(kind, "sms").body

    assert yes in told
    assert cancel in told
    assert meaning_of(yes, language) == Meaning.CONFIRM
    assert meaning_of(cancel, language) in WANT_TO_CANCEL


@pytest.mark.parametrize("language", ANSWERS)
def test_answers_are_understood_as_an_sms_without_accents_spells_them(language):
    sms = preview(Draft(Kind.UPCOMING), _visit(_longest_day(language), language), "sms", language).text
    capitals = [word for word in re.findall(r"\b[A-ZÀ-Ž]{2,}\b", sms.partition("http")[0]) if word not in ("Dr", "St")]

    meant = [meaning_of(word, language) for word in capitals]

    assert (meant[:1], set(meant[1:]) <= WANT_TO_CANCEL) == ([Meaning.CONFIRM], True)
    assert len(meant) == 2


def test_telephones_see_from_the_first_letter_that_an_arabic_sms_reads_from_the_right():
    for kind in TO_PATIENTS:
        sms = preview(Draft(kind), _visit(_longest_day("ar"), "ar"), "sms", "ar")
        assert unicodedata.bidirectional(sms.text[0]) == "AL"


def test_a_telephone_number_keeps_its_order_between_letters_from_the_right():
    visit = _visit(_longest_day("ar"), "ar")

    assert "02079460110" in preview(Draft(Kind.SAME_DAY), visit, "sms", "ar").text
    visit.clinic.phone = "+33142278186"
    assert "\u200e+33142278186" in preview(Draft(Kind.SAME_DAY), visit, "sms", "ar").text


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_to_patients_have_fewer_than_fifteen_words(language):
    wording = wording_in(language)
    for kind in TO_PATIENTS:
        for medium in Medium:
            for sentence in re.split(r"[.!?؟\n]+", wording.text(kind, medium).body):
                assert len(re.findall(r"[^\s:,،]+", sentence)) < 16, (kind, medium, sentence)


@pytest.mark.parametrize("language", LANGUAGES)
def test_days_and_months_are_spelt_as_django_spells_them(language):
    wording = wording_in(language)
    with translation.override(language):
        weekdays = [str(dates.WEEKDAYS[number]).casefold() for number in range(7)]
        months = [str(dates.MONTHS_ALT[number]).casefold() for number in range(1, 13)]

    assert [each.casefold() for each in wording.weekdays] == weekdays
    assert [each.casefold() for each in wording.months] == months


def test_a_day_is_written_as_its_readers_write_it():
    day = date(2027, 12, 1)

    assert {language: wording_in(language).day(day) for language in LANGUAGES} == {
        "en": "Wednesday 1 December",
        "fr": "mercredi 1er décembre",
        "de": "Mittwoch, 1. Dezember",
        "es": "miércoles 1 de diciembre",
        "pl": "środa 1 grudnia",
        "ar": "الأربعاء 1 ديسمبر",
    }


@pytest.mark.parametrize(
    ("at", "english"), [("00:05", "12:05am"), ("09:00", "9:00am"), ("12:00", "12:00pm"), ("23:55", "11:55pm")]
)
def test_noon_and_midnight_are_not_mixed_up(at, english):
    assert wording_in("en").clock(time.fromisoformat(at)) == english
    assert wording_in("fr").clock(time(14, 5)) == "14h05"


def test_whoever_speaks_a_language_we_lack_reads_english():
    assert [language_for(code) for code in ("fr-CA", "ar", "PL", "so", "zh", "")] == [
        "fr",
        "ar",
        "pl",
        "en",
        "en",
        "en",
    ]
