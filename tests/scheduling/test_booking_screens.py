"""The booking drawer: holding, confirming, moving, being refused."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

import pytest
import redis
from django.urls import reverse

from carebridge.audit.models import LogEntry
from scheduling import hold_store
from scheduling.booking import book_appointment
from scheduling.models import Appointment, Status

pytestmark = pytest.mark.django_db(transaction=True)
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def reception(client, receptionist):
    client.force_login(receptionist, backend=BACKEND)
    return client


@pytest.fixture
def ten(monday, harbour):
    return datetime.combine(monday, time(10), tzinfo=harbour.zone)


@pytest.fixture
def choice(dr_osei, harbour, consultation, ten):
    """What the page sends when Monday ten o'clock with Dr Osei is pressed."""
    return {"slot": f"{dr_osei.pk}.{harbour.pk}.{ten.isoformat()}", "type": consultation.pk}


def attempt_in(response) -> str:
    page = response.content.decode()
    start = page.index('id="booking-hold" value="') + len('id="booking-hold" value="')
    return page[start : page.index('"', start)]


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def test_choosing_a_time_holds_it_and_says_why_it_works(reception, choice):
    response = reception.post(reverse("scheduling:hold"), choice, **HTMX)

    assert "Held for you" in text_of(response)
    assert "Why 10:00 works" in text_of(response)
    (record,) = hold_store.alive()
    assert record.owner not in response.content.decode()


def test_a_colleagues_hold_is_respected_and_nearer_times_are_offered(reception, client_of, clinic_admin, choice):
    reception.post(reverse("scheduling:hold"), choice, **HTMX)

    refused = client_of(clinic_admin).post(reverse("scheduling:hold"), choice | {"notes": "Prefers a chair"}, **HTMX)

    assert refused.status_code == 409
    assert text_of(refused).count('class="slot num"') == 3
    assert "Prefers a chair" in text_of(refused)


def test_when_a_time_is_lost_the_one_thing_to_press_is_another_time(reception, client_of, clinic_admin, choice):
    held = text_of(reception.post(reverse("scheduling:hold"), choice, **HTMX))
    lost = text_of(client_of(clinic_admin).post(reverse("scheduling:hold"), choice, **HTMX))

    assert "Confirm booking" in held
    assert "Confirm booking" not in lost
    assert lost.count("btn primary") == 1
    assert re.search(r"Hold \d\d:\d\d instead", lost)


def test_another_doctors_time_says_whose_it_is(
    reception, choice, consultation, dr_osei, dr_wilk, patient, ten, harbour
):
    dr_osei.resource.workinghours.all().delete()

    lost = text_of(reception.post(reverse("scheduling:hold"), choice, **HTMX))

    assert "09:45, Dr Wilk" in lost or "10:00, Dr Wilk" in lost


def test_choosing_a_patient_also_says_what_confirming_will_do(reception, choice, patient):
    attempt = attempt_in(reception.post(reverse("scheduling:hold"), choice, **HTMX))

    details = reception.post(
        reverse("scheduling:booking-patient"), choice | {"hold": attempt, "patient": str(patient.pk)}, **HTMX
    )

    assert '<footer id="booking-actions" hx-swap-oob="true">' in text_of(details)


@pytest.fixture
def client_of():
    from django.test import Client

    def sign_in(user) -> Client:
        client = Client()
        client.force_login(user, backend=BACKEND)
        return client

    return sign_in


def test_confirming_books_with_the_hold_and_spends_it(reception, choice, patient):
    attempt = attempt_in(reception.post(reverse("scheduling:hold"), choice, **HTMX))

    done = reception.post(
        reverse("scheduling:book"),
        choice | {"hold": attempt, "patient": str(patient.pk), "channel": "phone", "notes": "Knee hurts"},
        **HTMX,
    )

    visit = Appointment.objects.get()
    assert (visit.patient, visit.status, visit.channel, visit.notes) == (patient, "confirmed", "phone", "Knee hurts")
    assert visit.reference in text_of(done)
    assert "carebridge:toast" in done["HX-Trigger"]
    assert hold_store.alive() == []


def test_confirming_without_a_patient_asks_for_one_and_saves_nothing(reception, choice):
    refused = reception.post(reverse("scheduling:book"), choice | {"channel": "desk"}, **HTMX)

    assert refused.status_code == 422
    assert "Choose or add the patient first. Nothing was saved." in text_of(refused)
    assert not Appointment.objects.exists()


def test_a_lost_time_says_so_keeps_what_was_typed_and_offers_the_nearest(
    reception, choice, patient, another_patient, consultation, dr_osei, harbour, ten
):
    book_appointment(
        patient=another_patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=ten,
        by=None,
    )

    refused = reception.post(
        reverse("scheduling:book"),
        choice | {"patient": str(patient.pk), "channel": "desk", "notes": "Brings her mother"},
        **HTMX,
    )

    page = text_of(refused)
    assert refused.status_code == 409
    assert "Nothing was saved" in page
    assert page.count('class="slot num"') == 3
    assert "Brings her mother" in page
    assert "Nerys Calloway" in page


def test_release_gives_the_time_back(reception, choice):
    attempt = attempt_in(reception.post(reverse("scheduling:hold"), choice, **HTMX))

    reception.post(reverse("scheduling:release", args=[attempt]), **HTMX)

    assert hold_store.alive() == []


def test_another_session_cannot_release_or_extend_a_hold(reception, client_of, clinic_admin, choice):
    attempt = attempt_in(reception.post(reverse("scheduling:hold"), choice, **HTMX))
    stranger = client_of(clinic_admin)

    stranger.post(reverse("scheduling:release", args=[attempt]), **HTMX)
    stranger.post(reverse("scheduling:extend", args=[attempt]), **HTMX)

    (record,) = hold_store.alive()
    assert not record.extended


def test_a_hold_is_extended_once(reception, choice):
    attempt = attempt_in(reception.post(reverse("scheduling:hold"), choice, **HTMX))
    url = reverse("scheduling:extend", args=[attempt])

    assert reception.post(url, **HTMX).status_code == 200
    assert reception.post(url, **HTMX).status_code == 409


def test_without_redis_times_cannot_be_held_but_booking_works(reception, choice, patient, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    held = reception.post(reverse("scheduling:hold"), choice, **HTMX)
    done = reception.post(reverse("scheduling:book"), choice | {"patient": str(patient.pk), "channel": "desk"}, **HTMX)

    assert "can't be held right now" in text_of(held)
    assert done.status_code == 200
    assert Appointment.objects.get().status == Status.CONFIRMED
    with pytest.raises(redis.RedisError):
        hold_store.alive()


def test_moving_keeps_the_old_time_until_the_new_one_is_sure(
    reception, patient, consultation, dr_osei, harbour, ten, choice
):
    visit = book_appointment(
        patient=patient, appointment_type=consultation, doctor=dr_osei, clinic=harbour, starts_at=ten, by=None
    )
    later = f"{dr_osei.pk}.{harbour.pk}.{(ten + timedelta(minutes=15)).isoformat()}"

    held = reception.post(
        reverse("scheduling:hold"), {"slot": later, "type": consultation.pk, "move": visit.reference}, **HTMX
    )
    done = reception.post(
        reverse("scheduling:book"),
        {"slot": later, "type": consultation.pk, "move": visit.reference, "hold": attempt_in(held), "channel": "desk"},
        **HTMX,
    )

    visit.refresh_from_db()
    assert held.status_code == 200, "the visit's own time counts as free"
    assert visit.status == Status.RESCHEDULED
    assert visit.moved_to.starts_at == ten + timedelta(minutes=15)
    assert visit.moved_to.reference in text_of(done)


def test_a_time_outside_hours_is_explained_and_booked_only_with_a_reason(
    reception, dr_osei, harbour, consultation, monday, patient
):
    form = {
        "slot": "ask",
        "type": consultation.pk,
        "ask_doctor": dr_osei.pk,
        "ask_clinic": harbour.pk,
        "ask_day": monday.isoformat(),
        "ask_time": "08:00",
    }

    asked = reception.post(reverse("scheduling:hold"), form, **HTMX)
    slot = f"{dr_osei.pk}.{harbour.pk}.{datetime.combine(monday, time(8), tzinfo=harbour.zone).isoformat()}"
    wish = {"slot": slot, "type": consultation.pk, "patient": str(patient.pk), "channel": "desk"}
    refused = reception.post(reverse("scheduling:book"), wish, **HTMX)
    booked = reception.post(reverse("scheduling:book"), wish | {"override_reason": "Only bus at 08:30"}, **HTMX)

    assert "Dr Osei works 08:30 to 17:30" in text_of(asked)
    assert "Why set the rule aside?" in text_of(asked)
    assert (refused.status_code, booked.status_code) == (422, 200)
    assert Appointment.objects.get().override_reason == "Only bus at 08:30"


def test_a_free_time_comes_before_setting_a_rule_aside(reception, choice, dr_osei, harbour, monday):
    too_early = datetime.combine(monday, time(8), tzinfo=harbour.zone)
    wish = choice | {"slot": f"{dr_osei.pk}.{harbour.pk}.{too_early.isoformat()}"}

    drawer = text_of(reception.post(reverse("scheduling:hold"), wish, **HTMX))

    buttons = dict(re.findall(r'<button class="(btn [^"]*grow[^"]*)"[^>]*>(.*?)</button>', drawer))
    assert [words for kind, words in buttons.items() if "primary" in kind] == [
        '<span class="num">Hold 08:30 instead</span>'
    ]
    assert "Book with override" in buttons["btn grow"]
    assert drawer.index("Why set the rule aside?") < drawer.index("Add a new patient")
    assert "Why set the rule aside?</label>" in drawer


def test_the_finder_in_move_mode_keeps_type_patient_and_doctor(
    reception, patient, consultation, dr_osei, harbour, ten, monday
):
    visit = book_appointment(
        patient=patient, appointment_type=consultation, doctor=dr_osei, clinic=harbour, starts_at=ten, by=None
    )

    page = text_of(
        reception.get(
            reverse("scheduling:find"),
            {"move": visit.reference, "from": monday.isoformat(), "to": monday.isoformat()},
        )
    )

    assert "The old time is kept until the new one is confirmed" in page
    assert f"{monday:%a} {monday.day} {monday:%b} 10:00, Dr Amara Osei" in page, "its own time counts as free"


@pytest.mark.parametrize("slot", ["", "x", "1.2.yesterday", "1.2.2026-11-25T10:00:00", "1.2.2026-13-99T10:00:00+00:00"])
def test_a_malformed_time_is_a_422_not_a_crash(reception, consultation, dr_osei, slot):
    assert (
        reception.post(reverse("scheduling:hold"), {"slot": slot, "type": consultation.pk}, **HTMX).status_code == 422
    )


@pytest.mark.parametrize(("who", "status"), [("support", 403), ("doctor_user", 403), ("receptionist_elsewhere", 404)])
def test_who_may_not_book_here_cannot_hold_or_book(client_of, request, choice, patient, who, status):
    client = client_of(request.getfixturevalue(who))
    wish = choice | {"patient": str(patient.pk), "channel": "desk"}

    assert client.post(reverse("scheduling:hold"), choice, **HTMX).status_code == status
    assert client.post(reverse("scheduling:book"), wish, **HTMX).status_code == status
    assert not Appointment.objects.exists()


def test_a_patient_of_another_clinic_can_be_booked_only_after_the_audited_look_up(
    reception, choice, patient_elsewhere, receptionist, harbour
):
    wish = choice | {"patient": str(patient_elsewhere.pk), "channel": "desk"}
    assert reception.post(reverse("scheduling:book"), wish, **HTMX).status_code == 404

    found = reception.post(
        reverse("scheduling:patient-identify"),
        {"birth_date": patient_elsewhere.birth_date.isoformat(), "family_name": "Novak", "clinic": harbour.pk},
        **HTMX,
    )

    assert "Irena Novak" in text_of(found)
    assert LogEntry.objects.get(event="patient.identified").actor == receptionist
    assert reception.post(reverse("scheduling:book"), wish, **HTMX).status_code == 200
