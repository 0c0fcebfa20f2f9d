"""What a patient reads: the right words, in their language and the clinic's time, telling no more than they must."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone

from carebridge.accounts.models import User
from reminders.messages import Draft, WordingError, check_subject, check_text, compose, preview
from reminders.models import Kind, MessageText, Reminder, Rule, RuleVersion, State
from reminders.occasion import STILL_CHANGEABLE
from reminders.segments import length_of
from reminders.wording import Text
from scheduling.booking import book_appointment
from scheduling.links import address_of, revoke_link
from scheduling.models import Appointment, AppointmentType, Clinic, Doctor, Patient, PatientLink

ABOUT_A_VISIT = [kind for kind in Kind if not kind.startswith("staff") and kind != Kind.INVITATION]
pytestmark = pytest.mark.django_db


@pytest.fixture
def at_ten(harbour, monday):
    """Ten o'clock at Harbour on the Monday."""
    return datetime.combine(monday, time(10), tzinfo=harbour.zone)


@pytest.fixture
def visit(patient, consultation, dr_osei, harbour, receptionist, at_ten):
    """Nerys Calloway sees Dr Osei on Monday at ten; Harbour has an address and a telephone."""
    Clinic.objects.filter(pk=harbour.pk).update(
        address="14 Harbour Street", postcode="E1W 4HS", phone="+442079460110", email="desk@harbour.example"
    )
    AppointmentType.objects.filter(pk=consultation.pk).update(preparation="Bring your medicines.\nWear a loose top.")
    Patient.objects.filter(pk=patient.pk).update(email="Nerys@Example.com")
    booked = book_appointment(
        patient=patient, appointment_type=consultation, doctor=dr_osei, clinic=harbour, starts_at=at_ten,
        by=receptionist,
    )  # fmt: skip
    return Appointment.objects.get(pk=booked.pk)


@pytest.fixture
def day(monday):
    """The Monday in words."""
    return f"Monday {monday.day} {monday:%B}"


def _message(visit: Appointment, kind: str = Kind.UPCOMING, **fields: object) -> Reminder:
    return Reminder.objects.create(
        kind=kind,
        clinic=visit.clinic,
        **{"appointment": visit, "patient": visit.patient} | fields,
        due_at=timezone.now(),
        not_after=visit.starts_at,
        next_try_at=timezone.now(),
    )


def _page_of(visit: Appointment) -> str:
    return address_of(PatientLink.objects.get(appointment=visit))


def _version(kind: str, **texts: Text) -> RuleVersion:
    version = RuleVersion.objects.create(rule=Rule.objects.create(kind=kind, slot="own"), number=1)
    for place, text in texts.items():
        language, medium = place.split("_")
        MessageText.objects.create(version=version, language=language, medium=medium, **text._asdict())
    return version


# --- SMS --------------------------------------------------------------------------------------------------------------


def test_an_sms_says_who_where_when_and_how_to_answer(visit, day):
    sms = compose(_message(visit), "sms")

    assert sms.text == (
        f"Harbour Street: Hello Nerys, we see you on {day}, 10:00am with Dr Osei.\n"
        "Reply YES to confirm or NO to cancel.\n"
        f"To change it: {_page_of(visit)}"
    )
    assert (sms.to, sms.subject, sms.html, sms.calendar) == ("+447700900461", "", "", "")


@pytest.mark.parametrize("kind", ABOUT_A_VISIT)
def test_no_sms_tells_the_family_name_the_service_or_how_to_prepare(visit, kind):
    told = compose(_message(visit, kind), "sms").text

    assert not any(word in told for word in ("Calloway", "Cardiology", "Consultation", "medicines", visit.reference))


def test_each_clinic_sends_under_its_own_number(visit, settings):
    assert compose(_message(visit), "sms").sender == ""

    settings.SMS_SENDERS = {"harbour": "+447700900200"}

    assert compose(_message(visit), "sms").sender == "+447700900200"


def test_a_line_that_has_nothing_to_say_is_left_out(visit):
    Clinic.objects.update(phone="")

    assert "late" not in compose(_message(visit, Kind.SAME_DAY, appointment=Appointment.objects.get()), "sms").text


def test_times_are_the_clinics_and_not_the_servers(visit, harbour):
    Clinic.objects.filter(pk=harbour.pk).update(time_zone="America/New_York")
    local = visit.starts_at.astimezone(Clinic.objects.get(pk=harbour.pk).zone)

    told = compose(_message(Appointment.objects.get()), "sms").text

    assert f"{local.hour}:00am with Dr Osei" in told
    assert local.hour in (4, 5, 6)


def test_a_day_far_away_is_written_with_its_year(visit):
    far = Appointment.objects.get()
    far.starts_at += timedelta(days=330)

    assert str(far.starts_at.year) in preview(Draft(Kind.BOOKED), far, "sms", "en").text


def test_several_visits_on_a_day_are_told_in_one_message(visit, another_visit, day):
    first = _message(visit)
    _message(another_visit, state=State.JOINED, joined_to=first)

    assert f"{day}, 10:00am with Dr Osei and 2:00pm with Dr Wilk." in compose(first, "sms").text


@pytest.fixture
def another_visit(patient, consultation, dr_wilk, harbour, receptionist, visit, at_ten):
    """The same patient sees Dr Wilk at two that day."""
    booked = book_appointment(
        patient=patient, appointment_type=consultation, doctor=dr_wilk, clinic=harbour,
        starts_at=at_ten + timedelta(hours=4), by=receptionist,
    )  # fmt: skip
    return Appointment.objects.get(pk=booked.pk)


def test_what_several_visits_share_is_said_once(visit, another_visit):
    Clinic.objects.update(directions="Ramp in Anchor Lane")
    first = _message(visit, Kind.BOOKED)
    _message(another_visit, Kind.BOOKED, state=State.JOINED, joined_to=first)

    text = compose(Reminder.objects.get(pk=first.pk), "email").text

    assert [text.count(said) for said in ("Dr Tomasz Wilk", "Wear a loose top", "Ramp in Anchor Lane")] == [1, 1, 1]


def test_a_telephone_visit_doesnt_send_anybody_to_the_clinic(visit):
    Appointment.objects.update(modality="telephone")

    sms, email = (compose(_message(Appointment.objects.get()), medium) for medium in ("sms", "email"))

    assert "10:00am with Dr Osei (By telephone)" in sms.text
    assert "Where: By telephone\n" in email.text


# --- The visit's page -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(STILL_CHANGEABLE))
def test_a_message_about_a_visit_to_come_leads_to_its_page(visit, kind):
    message = _message(visit, kind)

    sms, email = (compose(message, medium) for medium in ("sms", "email"))

    page = _page_of(visit)
    assert page in sms.text
    assert page in email.text
    assert f'<a class="button" href="{page}"' in email.html
    assert f'<a href="{page}" rel="nofollow">' in email.html


@pytest.mark.parametrize("kind", sorted(set(Kind) - STILL_CHANGEABLE - {Kind.INVITATION}))
def test_no_other_message_makes_a_link(visit, doctor_user, kind):
    to_staff = {"user": doctor_user, "patient": None} if kind.startswith("staff") else {}
    email = compose(_message(visit, kind, **to_staff), "email")

    assert "/p/" not in email.text + email.html
    assert not PatientLink.objects.exists()


def test_the_same_message_made_twice_holds_the_same_link_and_a_new_one_once_that_is_revoked(visit):
    message = _message(visit)
    first = compose(message, "sms").text

    assert compose(message, "sms").text == first
    revoke_link(link=PatientLink.objects.get())
    assert compose(message, "sms").text != first


def test_a_preview_shows_what_a_link_looks_like_and_makes_none(visit):
    shown = preview(Draft(Kind.BOOKED), visit, "sms", "en").text

    assert "/p/example-" in shown
    assert not PatientLink.objects.exists()
    assert len(shown) == len(compose(_message(visit, Kind.BOOKED), "sms").text)


def test_a_clinics_own_words_name_the_link_where_they_like(visit):
    version = _version(Kind.UPCOMING, en_sms=Text("", "{link} is your page."))

    assert compose(_message(visit, version=version), "sms").text == f"{_page_of(visit)} is your page."


def test_several_visits_in_one_message_each_have_their_page_in_an_email_and_a_number_to_call_in_an_sms(
    visit, another_visit
):
    first = _message(visit, Kind.BOOKED)
    _message(another_visit, Kind.BOOKED, state=State.JOINED, joined_to=first)

    sms, email = (compose(Reminder.objects.get(pk=first.pk), medium) for medium in ("sms", "email"))

    assert "To change or cancel it: 020 7946 0110" in sms.text
    for each in (visit, another_visit):
        assert f"See or change your appointment: {_page_of(each)}" in email.text
        assert f'href="{_page_of(each)}"' in email.html


def test_a_letter_names_a_number_to_call_as_nobody_types_such_a_link(visit):
    letter = compose(_message(visit, Kind.BOOKED), "letter")

    assert "To change or cancel it: 020\u00a07946\u00a00110" in letter.text
    assert not PatientLink.objects.exists()


# --- E-mail -----------------------------------------------------------------------------------------------------------


def test_an_email_shows_the_visit_and_how_to_prepare(visit, day):
    email = compose(_message(visit, Kind.BOOKED), "email")

    assert email.subject == f"Your appointment on {day}"
    assert email.to == "nerys@example.com"
    for body in (email.text, email.html):
        for told in (day, "10:00am", "Cardiology", "Dr Amara Osei", "14 Harbour Street, E1W 4HS", visit.reference):
            assert told in body
        assert "Bring your medicines." in body
        assert "020\u00a07946\u00a00110" in body


def test_an_email_comes_from_the_clinic_and_says_how_to_get_no_more(visit, settings):
    settings.DEFAULT_FROM_EMAIL = "CareBridge <no-reply@carebridge.example>"

    email = compose(_message(visit), "email")

    assert email.sender == "Harbour Street <no-reply@carebridge.example>"
    assert email.headers["Reply-To"] == "desk@harbour.example"
    assert email.headers["List-Unsubscribe"] == "<mailto:desk@harbour.example?subject=unsubscribe>"
    assert email.headers["Auto-Submitted"] == "auto-generated"


def test_nothing_of_a_name_becomes_markup(visit):
    Patient.objects.update(given_name="<b>Nerys</b>")

    html = compose(_message(Appointment.objects.get()), "email").html

    assert "<b>Nerys" not in html
    assert "&lt;b&gt;Nerys" in html


def test_arabic_email_reads_from_the_right(visit):
    Patient.objects.update(language="ar")

    html = compose(_message(Appointment.objects.get()), "email").html

    assert '<html lang="ar" dir="rtl">' in html
    assert "text-align:right" in html
    assert "text-align:left" not in html


# --- A clinic's own words ---------------------------------------------------------------------------------------------


def test_a_clinics_own_words_stand_in_for_ours(visit):
    version = _version(Kind.UPCOMING, en_sms=Text("", "See you at {time}, {given_name}."))

    assert compose(_message(visit, version=version), "sms").text == "See you at 10:00am, Nerys."
    assert "look forward" in compose(_message(visit, version=version), "email").text


def test_our_words_in_the_patients_language_come_before_the_clinics_in_another(visit):
    Patient.objects.update(language="de")
    version = _version(Kind.UPCOMING, en_sms=Text("", "See you at {time}."))

    assert "JA" in compose(_message(Appointment.objects.get(), version=version), "sms").text


@pytest.mark.parametrize("text", ["At {tme}", "At {time", "At time}", "{patient.birth_date}", "{0}", "", "{service}"])
def test_a_text_that_cant_be_filled_in_is_refused_with_what_to_change(text):
    with pytest.raises(WordingError) as refused:
        check_text(text, "sms")

    assert refused.value.fields["body"].endswith(".")


def test_a_subject_tells_no_more_than_an_sms():
    check_subject("")
    check_subject("Your visit on {date}")
    with pytest.raises(WordingError):
        check_subject("Your {service} visit")


def test_a_broken_text_stops_its_own_message_only(visit):
    broken = _message(visit, version=_version(Kind.UPCOMING, en_sms=Text("", "At {tme}")))

    with pytest.raises(WordingError, match="tme"):
        compose(broken, "sms")
    assert compose(broken, "email").text


def test_a_text_of_which_nothing_is_left_says_what_is_missing(visit):
    version = _version(Kind.OFFER, en_sms=Text("", "Answer by {deadline}."))

    with pytest.raises(WordingError, match="deadline"):
        compose(_message(visit, Kind.OFFER, version=version), "sms")


def test_what_a_patient_is_called_is_never_taken_for_a_placeholder(visit):
    Patient.objects.update(given_name="{service}")

    assert "Hello {service}," in compose(_message(Appointment.objects.get()), "sms").text


def test_a_draft_is_shown_with_a_real_visit_before_it_is_saved(visit, day):
    draft = Draft(Kind.UPCOMING, {("en", "email"): Text("On {date}", "Hello {given_name},\n\nuntil {time}.")})

    shown = preview(draft, visit, "email", "en")

    assert shown.subject == f"On {day}"
    assert "until 10:00am." in shown.text


# --- To staff ---------------------------------------------------------------------------------------------------------


def test_a_doctor_reads_of_tomorrow_without_a_patients_name(visit, dr_osei: Doctor, doctor_user: User):
    eve = visit.starts_at - timedelta(hours=16)
    message = _message(visit, Kind.STAFF_TOMORROW, user=doctor_user, patient=None, appointment=None)
    message.due_at = eve

    sms, email = compose(message, "sms"), compose(message, "email")

    assert "1 visit. First 10:00, last 10:00." in sms.text
    assert f"10:00 {visit.reference}" in email.text
    assert "Calloway" not in email.text + email.html


def test_a_doctor_reads_what_changed_today(visit, doctor_user):
    message = _message(visit, Kind.STAFF_CHANGE, user=doctor_user, patient=None)

    assert "10:00 with Dr Osei" in compose(message, "sms").text
    assert "booked" in compose(message, "sms").text


def test_a_message_is_at_most_two_segments_and_counted_as_carriers_do():
    assert length_of("a" * 160) == (160, 1, True)
    assert length_of("a" * 161).segments == 2
    assert length_of("€" * 80) == (160, 1, True)
    assert length_of("ł" * 70) == (70, 1, False)
    assert length_of("ł" * 71).segments == 2
    assert length_of("😀" * 35).segments == 1
    assert length_of("a" * 152 + "€" * 80).segments == 3  # no character is cut in half
