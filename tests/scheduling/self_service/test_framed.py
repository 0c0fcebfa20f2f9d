"""Public booking inside a clinic's own site: shown there and nowhere else, without a cookie, and booked in a tab."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from scheduling import hold_store
from scheduling.models import Appointment, Clinic, OnlineBooking
from scheduling.views.self_service.public_form import stamp
from tests.scheduling.admin.pages import page_form, path
from tests.scheduling.self_service.test_public import SAM

pytestmark = pytest.mark.django_db

SITES = ["https://www.harbour.example", "https://harbour.example:8443"]
FRAMED = "/p/book/harbour/framed/"


@pytest.fixture
def open_here(harbour, consultation, dr_osei, dr_wilk) -> OnlineBooking:
    """Anybody may book a consultation at Harbour, whose own sites show that."""
    Clinic.objects.filter(pk=harbour.pk).update(framed_by=SITES)
    return OnlineBooking.objects.create(clinic=harbour, appointment_type=consultation, mode="book")


@pytest.fixture
def ten(dr_osei, harbour, at) -> str:
    """Monday at ten with Dr Osei, as the button sends it."""
    return f"{dr_osei.pk}.{harbour.pk}.{at('10:00').isoformat()}"


def ancestors(answer) -> str:
    return re.search(r"frame-ancestors ([^;]*)", answer["Content-Security-Policy"])[1]


@pytest.mark.parametrize("query", ["", "?type={type}", "?type={type}&from=2031-01-01", "?type=0"])
def test_what_is_framed_shows_on_the_listed_sites_and_needs_no_cookie(client, open_here, consultation, query):
    answer = client.get(FRAMED + query.format(type=consultation.pk))

    assert ancestors(answer).split() == SITES
    assert "X-Frame-Options" not in answer
    assert not answer.cookies
    assert 'method="post"' not in answer.text


@pytest.mark.parametrize(
    "page",
    [
        "/",
        "/accounts/login/",
        "/p/embed.js",
        "/p/book/",
        "/p/book/harbour/",
        "/p/book/harbour/?type={type}",
        "/p/book/harbour/?type={type}&slot={slot}",
        "/p/book/nowhere/framed/",
        "/p/nothing/",
    ],
)
def test_no_other_page_is_ever_framed(client, open_here, consultation, ten, page):
    answer = client.get(page.format(type=consultation.pk, slot=ten.replace("+", "%2B")))

    assert (ancestors(answer), answer["X-Frame-Options"]) == ("'none'", "DENY")


def test_a_clinic_that_lists_no_site_has_no_page_to_frame(client, open_here):
    Clinic.objects.update(framed_by=[])

    assert client.get(FRAMED).status_code == 404


def test_a_time_picked_there_is_booked_on_our_own_page_and_following_the_link_holds_nothing(
    client, open_here, consultation, ten
):
    own = f"/p/book/harbour/?type={consultation.pk}"
    shown = client.get(own, {"type": consultation.pk, "slot": ten})
    assert "Your details" in shown.text
    assert list(hold_store.alive()) == []

    stamped = stamp(timezone.now() - timedelta(seconds=30))
    client.post(own, {**SAM, "slot": ten, "sure": "1", "stamp": stamped})
    assert Appointment.objects.get().status == "pending"
    assert client.get(own, {"type": consultation.pk, "slot": "made.up"}).status_code == 422


def test_the_language_goes_along_in_the_address_until_another_is_chosen(client, open_here, consultation, ten):
    there = client.get(f"{FRAMED}fr/?type={consultation.pk}").text
    own = f"/p/book/harbour/?language=fr&type={consultation.pk}"

    assert '<html lang="fr"' in there
    assert 'name="language" value="fr"' in there
    assert '<html lang="fr"' in client.post(own, {"slot": ten}).text
    assert client.cookies["patient_language"].value == "fr"
    answer = client.post("/p/language/", {"language": "de", "next": own})
    assert '<html lang="de"' in client.get(answer["Location"]).text


@pytest.mark.parametrize(("mode", "says"), [("request", "Ask for a visit"), ("see", "Please call us")])
def test_what_is_not_booked_there_is_asked_for_in_a_tab_or_by_telephone(client, open_here, consultation, mode, says):
    OnlineBooking.objects.update(mode=mode)

    first = client.get(FRAMED).text
    assert (f'href="/p/book/harbour/?type={consultation.pk}' in first) is (mode == "request")
    assert says in client.get(f"{FRAMED}?type={consultation.pk}").text


def test_the_script_may_be_loaded_by_any_site_and_sets_nothing(client, open_here):
    answer = client.get("/p/embed.js")

    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer["Content-Type"].startswith("text/javascript")
    assert not answer.cookies


@pytest.mark.parametrize(
    "site",
    [
        "http://a.example",
        "https://a.example/",
        "https://*.example",
        "https://a.example 'self'",
        "https://a.example;x",
        "https://A.example",
        "https://me@a.example",
        "https://a.example\n",
        "a.example",
        "*",
    ],
)
def test_only_exact_https_origins_are_listed(harbour, site):
    harbour.framed_by = [*SITES, site]
    with pytest.raises(ValidationError) as refused:
        harbour.full_clean()
    assert "framed_by" in refused.value.message_dict


def test_an_administrator_lists_the_sites_and_copies_what_goes_into_them(client, harbour, clinic_admin):
    client.force_login(clinic_admin)
    page = path(Clinic, "change", harbour.pk)
    assert client.post(page, page_form(client, page, framed_by=", ".join(SITES))).status_code == 302

    text = client.get(page).text
    harbour.refresh_from_db()
    assert harbour.framed_by == SITES
    assert "/p/embed.js&quot; data-clinic=&quot;harbour&quot;" in text
    assert "/p/book/harbour/framed/&quot;" in text
