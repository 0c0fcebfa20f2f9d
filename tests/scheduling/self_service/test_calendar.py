"""Free times as a calendar: it opens on the first month that has any, and a day leads to its times."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scheduling.booking_invitations import invite_to_book
from scheduling.languages import LANGUAGES, language_in
from scheduling.links import token_of
from scheduling.models import OnlineBooking
from tests.scheduling.self_service.conftest import Phone

pytestmark = pytest.mark.django_db

DAYS = re.compile(r"day=(\d{4}-\d\d-\d\d)#day")


@pytest.fixture
def page(harbour, consultation, dr_osei) -> str:
    """Anybody may book a consultation with Dr Osei at Harbour."""
    OnlineBooking.objects.create(clinic=harbour, appointment_type=consultation, mode="book")
    return f"/p/book/harbour/?type={consultation.pk}"


def test_the_calendar_opens_on_the_first_month_with_times_and_shows_its_first_day(client, page, dr_osei, monday):
    late = monday + timedelta(days=70)
    dr_osei.resource.workinghours.update(valid_from=late)

    text = client.get(f"{page}&view=calendar").text

    english = language_in("en")
    assert f'<h2 id="month">{english.month(late)}</h2>' in text
    assert min(DAYS.findall(text)) == late.isoformat()
    assert f"<h2>{english.day(late)}</h2>" in text
    assert f'aria-label="{english.day(late)}, ' in text


def test_a_day_leads_to_its_times_and_back_from_the_details_to_the_calendar(client, page, monday, dr_osei, harbour):
    day = monday + timedelta(days=2)
    address = f"{page}&view=calendar&month={day:%Y-%m}&day={day}"

    text = client.get(address).text
    slots = re.findall(r'name="slot" value="([^"]+)"', text)
    assert {each.split(".", 2)[2][:10] for each in slots} == {day.isoformat()}
    assert "Show later days" not in text

    assert '<h2 id="month">' in client.post(address, {"slot": "nonsense"}).text
    details = client.post(address, {"slot": slots[0]}).text
    assert f"view=calendar&amp;month={day:%Y-%m}&amp;day={day}" in details


def test_nothing_before_today_or_past_the_booking_window_is_led_to(client, page, monday, harbour):
    harbour.max_advance_days = 20
    harbour.save()

    text = client.get(f"{page}&view=calendar&month=2099-01").text

    assert "January 2099" not in text
    assert "Later month" not in text
    assert "Earlier month" not in client.get(f"{page}&view=calendar&month=1999-01").text


@pytest.mark.parametrize("when", ["month=soon", "month=0000-00", "day=2026-02-31", "month=9999-12&day=9999-12-31"])
def test_an_address_that_says_nonsense_opens_the_calendar_all_the_same(client, page, when):
    answer = client.get(f"{page}&view=calendar&{when}")

    assert answer.status_code == 200
    assert DAYS.search(answer.text)


def test_the_calendar_asks_the_database_no_more_than_the_list_and_once_for_all(client, page, monday):
    client.get(page)
    client.get(f"{page}&view=calendar")
    following = (monday.replace(day=1) + timedelta(days=32)).replace(day=1)
    with CaptureQueriesContext(connection) as listed:
        client.get(page)
    with CaptureQueriesContext(connection) as first:
        client.get(f"{page}&view=calendar")
    with CaptureQueriesContext(connection) as later:
        client.get(f"{page}&view=calendar&month={following:%Y-%m}")

    assert len(first) == len(later) < len(listed)


def test_later_days_of_the_list_are_those_of_the_same_visit(client, page, consultation):
    later = re.search(r'href="(\?[^"]*from=[^"]*)"', client.get(f"{page}&sex=female").text)[1].replace("&amp;", "&")

    assert f"type={consultation.pk}&sex=female&from=" in later
    assert "Choose a time" in client.get(f"/p/book/harbour/{later}").text


def test_nobody_who_fits_is_said_calmly_in_the_list_and_in_the_calendar(client, page, dr_osei):
    for view in ("", "&view=calendar"):
        answer = client.get(f"{page}&speaks=ar&sex=male{view}")
        assert answer.status_code == 200
        assert "No free time at the moment" in answer.text
        assert "Look at every place and doctor" in answer.text


def test_an_invitation_shows_its_own_days_in_a_calendar(patient, harbour, consultation, dr_osei, receptionist, monday):
    span = {"first_day": monday, "last_day": monday + timedelta(days=2)}
    facts = {"patient": patient, "clinic": harbour, "appointment_type": consultation, "by": receptionist}
    phone = Phone()
    phone.token = token_of(invite_to_book(**facts, **span).link)
    phone.says_birth_date(patient.birth_date)

    months = {f"{day:%Y-%m}" for day in span.values()}
    shown = {day for month in months for day in DAYS.findall(phone.open(f"?view=calendar&month={month}").text)}

    assert shown == {(monday + timedelta(days=days)).isoformat() for days in range(3)}


def test_months_and_weekdays_are_named_in_every_language(monday):
    names = {language_in(code).month(monday.replace(month=11, day=1)) for code in LANGUAGES}

    assert {f"listopad {monday.year}", f"noviembre de {monday.year}"} < names
    assert all(len(language_in(code).weekdays_short) == 7 for code in LANGUAGES)
