"""Finding a time on screen: what is offered, in which order, to whom, and at what cost."""

from __future__ import annotations

import html
import re
from datetime import date, datetime, time, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from scheduling.booking import book_appointment
from scheduling.models import Appointment, Status
from scheduling.views.found import day_label, distance_km, needs_of, stretches, wait_until
from scheduling.views.search import understand
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def reception(client, receptionist):
    client.force_login(receptionist, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def search(reception, consultation, monday):
    """Posts the search form for Monday's consultations, as htmx does."""

    def run(**changes):
        form = {
            "service": consultation.service_id,
            "type": consultation.pk,
            "from": monday.isoformat(),
            "to": monday.isoformat(),
            "sort": "soonest",
        }
        return reception.post(reverse("scheduling:find"), form | changes, **HTMX)

    return run


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def test_times_stand_by_day_and_doctor_with_the_first_one_on_key_1(search, dr_osei, dr_wilk, monday):
    page = text_of(search())

    assert f"{monday:%a} {monday.day} {monday:%b}" in page
    assert page.index("Dr Amara Osei") < page.index("Dr Tomasz Wilk")
    first = page[page.index('class="first"') :]
    assert 'aria-keyshortcuts="1"' in first[:500]
    assert "08:30" in first[:1200]


def test_a_link_never_carries_a_patient(reception, patient, consultation, dr_osei, monday):
    page = reception.get(reverse("scheduling:find"), {"service": consultation.service_id, "patient": str(patient.pk)})

    assert page.status_code == 200
    assert "Calloway" not in page.content.decode()


def test_looking_again_says_nothing_until_other_times_are_offered(
    search, patient, consultation, dr_osei, harbour, monday
):
    shown = re.search(r'data-offered="([^"]+)"', text_of(search()))
    offered = html.unescape(shown[1]) if shown else ""
    unchanged = search(offered=offered)
    book_appointment(
        patient=patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=datetime.combine(monday, time(10), tzinfo=harbour.zone),
        by=None,
    )
    changed = search(offered=offered)

    assert (unchanged.status_code, unchanged.content) == (204, b"")
    assert changed.status_code == 200
    assert ">10:00<" not in text_of(changed)


def test_the_doctor_of_the_last_visit_is_marked(search, patient, consultation, dr_osei, dr_wilk, harbour, monday):
    visit = book_appointment(
        patient=patient,
        appointment_type=consultation,
        doctor=dr_wilk,
        clinic=harbour,
        starts_at=datetime.combine(monday, time(10), tzinfo=harbour.zone),
        by=None,
    )
    past = visit.starts_at - timedelta(days=60)
    Appointment.objects.filter(pk=visit.pk).update(
        status=Status.COMPLETED, starts_at=past, ends_at=past + timedelta(minutes=30)
    )

    page = text_of(search(patient=str(patient.pk)))

    assert page.count("Same doctor as last visit") == 1
    only_wilk = text_of(search(patient=str(patient.pk), sort="same"))
    assert "Dr Amara Osei, Harbour" not in only_wilk


def test_parts_of_the_day_with_a_hole_between_them_leave_the_hole_out(search, dr_wilk):
    page = text_of(search(part=["morning", "late"]))

    assert "09:00" in page
    assert "16:00" in page
    assert ">14:00<" not in page


def test_hours_between_the_chosen_parts_use_up_none_of_the_times_shown(search, dr_wilk, monday, monkeypatch):
    monkeypatch.setattr("scheduling.views.finder.SEARCH_LIMIT", 20)

    page = text_of(search(part=["morning", "late"]))

    assert "16:00" in page


def test_when_nothing_is_free_the_next_free_time_is_one_press_away(search, dr_osei, monday):
    saturday = monday + timedelta(days=5)

    page = text_of(search(**{"from": saturday.isoformat(), "to": saturday.isoformat()}))

    assert "Nothing is free from" in page
    assert "Next free" in page
    assert "08:30" in page


def test_earlier_times_are_counted_by_the_rule_that_excludes_them(
    reception, patient, consultation, dr_osei, harbour, monday
):
    book_appointment(
        patient=patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=datetime.combine(monday, time(8, 30), tzinfo=harbour.zone),
        by=None,
    )
    form = {"service": consultation.service_id, "from": monday.isoformat(), "to": monday.isoformat()}

    page = text_of(reception.post(reverse("scheduling:ruled-out"), form))

    assert "earlier times were ruled out" in page
    assert "Doctor already booked" in page
    assert "Dr Osei is booked 08:30 to 09:10" in page


def test_step_free_access_leaves_out_clinics_without_it(search, dr_osei):
    page = text_of(search(step_free="on"))

    assert "None of the ticked clinics has step-free access" in page


def test_days_in_the_wrong_order_are_explained(search, dr_osei, monday):
    page = text_of(search(to=(monday - timedelta(days=1)).isoformat()))

    assert "This is before the first day." in page


def test_the_whole_page_works_without_script(reception, consultation, dr_osei, monday):
    form = {"service": consultation.service_id, "from": monday.isoformat(), "to": monday.isoformat()}

    page = text_of(reception.post(reverse("scheduling:find"), form))

    assert "<!doctype html>" in page
    assert 'formaction="/find/hold/"' in page


@pytest.mark.parametrize("who", ["support", "doctor_user", "sysadmin"])
def test_people_who_may_not_book_get_no_finder(client, request, who):
    client.force_login(request.getfixturevalue(who), backend="allauth.account.auth_backends.AuthenticationBackend")

    assert client.get(reverse("scheduling:find")).status_code == 403


def test_a_receptionist_elsewhere_is_offered_only_their_own_clinic(
    client, receptionist_elsewhere, consultation, dr_osei
):
    client.force_login(receptionist_elsewhere, backend="allauth.account.auth_backends.AuthenticationBackend")

    page = text_of(client.get(reverse("scheduling:find"), {"service": consultation.service_id}))

    assert "Harbour Street" not in page
    assert "Osei" not in page


def test_visitors_are_sent_to_sign_in(client):
    assert AnonymousUser().is_anonymous
    assert client.get(reverse("scheduling:find")).status_code == 302


def test_a_search_costs_the_same_for_one_doctor_and_for_three(
    search, consultation, harbour, room_1, patient, statements_of
):
    def add_doctor():
        doctor = factories.DoctorFactory(at=[harbour])
        factories.works_on_weekdays(doctor.resource, harbour)
        factories.OfferingFactory(doctor=doctor, appointment_type=consultation, clinic=harbour)

    def run() -> str:
        return text_of(search(patient=str(patient.pk)))

    add_doctor()
    for_one = statements_of(run)
    add_doctor()
    add_doctor()
    for_three = statements_of(run)

    assert run().count('class="srow"') == 3
    assert for_one == for_three <= 24


def test_words_say_what_a_type_needs(consultation):
    assert needs_of(consultation) == "30 min, 10 min buffer, Consulting room"


def test_parts_of_the_day_that_touch_are_one_stretch():
    assert stretches(["morning", "late"]) == ((time(0), time(11, 59)), (time(16), None))
    assert stretches(["morning", "afternoon"]) == ((time(0), time(15, 59)),)
    assert stretches([]) == stretches(["morning", "afternoon", "late"]) == ()


def test_distances_and_waits_are_plain(harbour, northgate):
    harbour.latitude, harbour.longitude = 51.5, 0.0
    northgate.latitude, northgate.longitude = 51.6, 0.0

    assert distance_km(harbour, northgate) == pytest.approx(11.1, abs=0.1)
    northgate.latitude = None
    assert distance_km(harbour, northgate) is None
    noon = datetime(2026, 11, 24, 12, tzinfo=harbour.zone)
    assert wait_until(noon + timedelta(hours=5, minutes=38), noon) == "in 5 h 38"
    assert wait_until(noon + timedelta(days=12), noon) == "in 12 days"
    assert day_label(date(2026, 11, 25), date(2026, 11, 24)) == "Tomorrow"


def test_osei_thu_am_means_a_doctor_a_day_and_a_part_of_it():
    words = understand("osei thu am", date(2026, 11, 24))

    assert (list(words.names), words.day, words.part) == (["osei"], date(2026, 11, 26), "morning")
    assert understand("cb-9r4w-6xtk", date(2026, 11, 24)).reference == "CB-9R4W-6XTK"
    assert understand("wed", date(2026, 11, 24)).day is None


def test_the_palette_finds_people_by_post_only(reception, patient, dr_osei):
    found = text_of(reception.post(reverse("scheduling:search"), {"q": "callo"}, **HTMX))
    asked_by_link = text_of(reception.get(reverse("scheduling:search"), {"q": "callo"}))

    assert "<mark>Callo</mark>way" in found
    assert "Calloway" not in asked_by_link


def test_the_palette_shows_nobody_elses_patients(client, receptionist_elsewhere, patient):
    client.force_login(receptionist_elsewhere, backend="allauth.account.auth_backends.AuthenticationBackend")

    page = text_of(client.post(reverse("scheduling:search"), {"q": "calloway"}, **HTMX))

    assert "Nothing found" in page


def test_support_finds_a_visit_by_reference_without_the_name(
    client, support, patient, consultation, dr_osei, harbour, monday
):
    visit = book_appointment(
        patient=patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=datetime.combine(monday, time(10), tzinfo=harbour.zone),
        by=None,
    )
    client.force_login(support, backend="allauth.account.auth_backends.AuthenticationBackend")

    page = text_of(client.post(reverse("scheduling:search"), {"q": visit.reference}, **HTMX))

    assert visit.reference[3:7] in page
    assert "Calloway" not in page
