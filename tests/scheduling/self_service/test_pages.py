"""The pages behind a link: nothing before the birth date, nothing changed by looking, the rest within the rules."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment
from scheduling.links import manage_link, token_of
from scheduling.models import Appointment, CancellationReason, Clinic, Modality, ScheduleEvent, Status

pytestmark = pytest.mark.django_db


def now(visit: Appointment) -> Appointment:
    return Appointment.objects.get(pk=visit.pk)


def test_nothing_about_the_patient_is_shown_before_the_birth_date(stranger, visit):
    page = stranger.open()

    assert page.status_code == 200
    text = page.content.decode()
    told = [visit.patient.given_name, visit.patient.family_name, visit.reference, visit.doctor.full_name, "Cardiology"]
    assert [each for each in told if each in text] == []


@pytest.mark.parametrize("page", ["confirm/", "cancel/", "undo/", "here/", "time/"])
def test_nothing_is_done_before_the_birth_date(stranger, visit, page):
    before = visit.version

    assert stranger.press(page).status_code == 302
    assert now(visit).version == before


def test_a_wrong_birth_date_is_asked_again_and_an_impossible_one_is_no_try(stranger, visit):
    wrong = stranger.press("enter/", day="1", month="1", year="1901")
    impossible = stranger.press("enter/", day="31", month="2", year="1950")

    assert (wrong.status_code, impossible.status_code) == (422, 422)
    assert visit.links.get().wrong_tries == 1


def test_the_right_birth_date_opens_the_visit_for_half_an_hour(phone, visit):
    assert visit.patient.given_name in phone.open().content.decode()

    with time_machine.travel(visit.starts_at - timedelta(days=1)):
        assert visit.patient.given_name not in phone.open().content.decode()


def test_the_key_to_one_link_opens_no_other(phone, another_patient, visit, at):
    other = book_appointment(
        patient=another_patient,
        appointment_type=visit.appointment_type,
        doctor=visit.doctor,
        clinic=visit.clinic,
        starts_at=at("14:00"),
        by=None,
    )
    own = phone.cookies[f"patient_{visit.links.get().pk.hex[:12]}"].value
    theirs = manage_link(appointment=other)
    phone.cookies[f"patient_{theirs.pk.hex[:12]}"] = own
    phone.token = token_of(theirs)

    assert another_patient.given_name not in phone.open().content.decode()


@pytest.mark.parametrize("method", ["get", "head", "options"])
@pytest.mark.parametrize("page", ["", "confirm/", "cancel/", "undo/", "here/", "time/", "enter/", "visit.ics"])
def test_looking_changes_nothing(phone, visit, method, page):
    before = (now(visit).version, ScheduleEvent.objects.count())

    getattr(phone, method)(f"/p/{phone.token}/{page}")

    assert (now(visit).version, ScheduleEvent.objects.count()) == before


def test_the_address_is_told_to_nobody_and_the_page_kept_nowhere(phone):
    page = phone.open()

    assert page["Referrer-Policy"] == "no-referrer"
    assert "no-store" in page["Cache-Control"]
    assert "noindex" in page["X-Robots-Tag"]


def test_a_patient_says_that_they_come(phone, visit):
    assert phone.press("confirm/").status_code == 302

    assert now(visit).attendance_confirmed_at
    event = ScheduleEvent.objects.get(kind="appointment.attendance_confirmed")
    assert (event.source, event.actor) == ("link", None)


def test_a_patient_cancels_and_takes_it_back(phone, visit, reasons):
    phone.press("cancel/", reason="patient_unwell")
    assert (now(visit).status, visit.cancellations.get().reason.code) == (Status.CANCELLED, "patient_unwell")

    phone.press("undo/")
    assert now(visit).status == Status.CONFIRMED


def test_a_cancellation_needs_no_reason_even_where_none_was_ever_set_up(phone, visit):
    CancellationReason.objects.all().delete()

    phone.press("cancel/")

    assert visit.cancellations.get().reason.code == "patient_request"


def test_after_five_minutes_a_cancellation_stands(phone, visit, reasons):
    phone.press("cancel/")
    done_at = visit.cancellations.get().cancelled_at

    with time_machine.travel(done_at + timedelta(minutes=5, seconds=1)):
        assert phone.press("undo/").status_code == 422
    assert now(visit).status == Status.CANCELLED


def test_what_the_clinic_cancelled_is_not_brought_back_by_the_patient(phone, visit, receptionist, patient_request):
    cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)

    assert phone.press("undo/").status_code == 422
    assert now(visit).status == Status.CANCELLED


@pytest.mark.parametrize(("seconds", "answered"), [(0, 302), (1, 422)])
def test_cancelling_ends_at_the_minute_of_the_cutoff(stranger, visit, reasons, seconds, answered):
    cutoff = visit.starts_at - timedelta(minutes=visit.clinic.cancel_cutoff_minutes)
    with time_machine.travel(cutoff - timedelta(minutes=5)):
        stranger.says_birth_date(visit.patient.birth_date)
    with time_machine.travel(cutoff + timedelta(seconds=seconds), tick=False):
        assert stranger.press("cancel/").status_code == answered


def test_after_the_cutoff_the_page_says_whom_to_call(stranger, visit, reasons):
    Clinic.objects.update(phone="+442079460140")
    with time_machine.travel(visit.starts_at - timedelta(hours=2)):
        stranger.says_birth_date(visit.patient.birth_date)
        text = stranger.open().content.decode()

    assert "too late to change this online" in text
    assert 'href="tel:+442079460140"' in text
    assert "/cancel/" not in text


def test_a_patient_moves_the_visit_and_the_link_leads_to_its_new_time(phone, visit, at):
    offered = f"{visit.doctor_id}.{visit.clinic_id}.{at('14:00').isoformat()}"
    asked = phone.press("time/", slot=offered)
    assert (asked.status_code, now(visit).status) == (200, Status.CONFIRMED)

    assert phone.press("time/", slot=offered, sure="1").status_code == 302
    moved = now(visit).moved_to
    assert (now(visit).status, moved.starts_at, moved.channel) == (Status.RESCHEDULED, at("14:00"), "link")
    assert moved.reference in phone.open().content.decode()


def test_a_lost_time_is_answered_with_others_and_the_old_one_stays(phone, visit, at, another_patient):
    offered = f"{visit.doctor_id}.{visit.clinic_id}.{at('14:00').isoformat()}"
    book_appointment(
        patient=another_patient,
        appointment_type=visit.appointment_type,
        doctor=visit.doctor,
        clinic=visit.clinic,
        starts_at=at("14:00"),
        by=None,
    )
    page = phone.press("time/", slot=offered, sure="1")

    assert page.status_code == 409
    assert 'name="slot"' in page.content.decode()
    assert now(visit).status == Status.CONFIRMED


@pytest.mark.parametrize("day", ["8999-12-31", "0001-01-01", "x"])
def test_a_day_that_nobody_meant_is_answered_calmly(phone, day):
    assert phone.open(f"time/?from={day}").status_code == 200


@pytest.mark.parametrize("slot", ["", "x", "1.2", "1.2.3", "9.9.2026-01-01T10:00:00+00:00", "0.0.2026-13-01T10:00"])
def test_a_time_that_was_never_offered_is_not_taken(phone, visit, slot):
    assert phone.press("time/", slot=slot, sure="1").status_code == 422
    assert now(visit).status == Status.CONFIRMED


@pytest.mark.parametrize(("minutes", "answered"), [(61, 422), (60, 302), (-30, 302), (-31, 422)])
def test_a_patient_says_that_they_are_here_from_an_hour_before_until_the_end(stranger, visit, minutes, answered):
    with time_machine.travel(visit.starts_at - timedelta(minutes=minutes), tick=False):
        stranger.says_birth_date(visit.patient.birth_date)
        assert stranger.press("here/").status_code == answered

    assert (now(visit).status == Status.CHECKED_IN) == (answered == 302)


def test_nobody_arrives_at_a_telephone_visit(stranger, visit):
    Appointment.objects.update(modality=Modality.TELEPHONE)

    with time_machine.travel(visit.starts_at, tick=False):
        stranger.says_birth_date(visit.patient.birth_date)
        assert "here/" not in stranger.open().content.decode()
        assert stranger.press("here/").status_code == 422


@pytest.mark.parametrize("token", ["x", "A" * 43, "../../admin", "%00", "é"])
def test_an_address_that_nobody_made_is_answered_calmly(client, token):
    page = client.get(f"/p/{token}/")

    assert page.status_code == 404


def test_the_page_speaks_the_patients_language_and_another_one_if_asked(phone, visit):
    visit.patient.language = "ar"
    visit.patient.save()
    assert 'dir="rtl"' in phone.open().content.decode()

    phone.press("language/", language="de")
    assert '<html lang="de" dir="ltr">' in phone.open().content.decode()
