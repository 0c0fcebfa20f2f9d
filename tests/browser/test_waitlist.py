"""The waitlist in a real browser: what patients answer shows at once."""

from __future__ import annotations

from datetime import datetime, time

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment
from tests import factories
from tests.browser.accessibility import assert_accessible
from waitlist.entries import join
from waitlist.freed import match_due
from waitlist.models import FreedSlot, Offer
from waitlist.offers import accept

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def test_who_is_asked_and_what_they_answer_shows_on_an_open_screen(
    page_of, site, receptionist, patient, consultation, dr_osei, harbour, room_1, monday, patient_request
):
    start = datetime.combine(monday, time(10), tzinfo=harbour.zone)
    wish = {"appointment_type": consultation, "doctor": dr_osei, "clinic": harbour, "by": receptionist}
    visit = book_appointment(patient=patient, starts_at=start, **wish)
    waiting = factories.PatientFactory(at=[harbour], given_name="Ola", family_name="Fasanya", mobile="+447700900123")
    join(patient=waiting, appointment_type=consultation, clinic=harbour, by=None)
    page = page_of(receptionist)
    page.goto(f"{site}/waitlist/")
    offers = page.locator("#offers")
    expect(page.locator(".live")).to_contain_text("Live", timeout=20_000)
    expect(offers).to_contain_text("Nobody is being asked right now")

    cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)
    FreedSlot.objects.update(due_at=timezone.now())
    match_due()
    # It asks every 30 seconds anyway: sooner than that it was told.
    expect(offers).to_contain_text("Ola Fasanya", timeout=10_000)

    accept(offer=Offer.objects.get(), by=None)
    expect(offers).to_contain_text("Nobody is being asked right now", timeout=10_000)


def test_free_time_on_the_board_is_offered_by_keyboard_alone(
    page_of, site, receptionist, consultation, dr_osei, harbour, room_1, monday
):
    waiting = factories.PatientFactory(at=[harbour], given_name="Ola", family_name="Fasanya", mobile="+447700900123")
    join(patient=waiting, appointment_type=consultation, clinic=harbour, by=None)
    page = page_of(receptionist)
    page.goto(f"{site}/board/?clinic={harbour.pk}&day={monday}")
    free = page.get_by_role("link", name="Free, 08:30 to 12:30")
    expect(free).to_have_css("opacity", "0")
    free.focus()
    expect(free).to_have_css("opacity", "1")
    page.keyboard.press("Enter")
    expect(page.locator("#drawer")).to_contain_text("08:30 to 12:30")
    assert_accessible(page)

    page.get_by_role("link", name="Offer it to who waits").press("Enter")
    page.get_by_role("link", name="Offer it to Ola Fasanya").press("Enter")
    page.wait_for_url("**/offer/?slot=*")
    assert_accessible(page)
    page.get_by_label("Why this person?").fill("Rang this morning")
    page.keyboard.press("Enter")

    expect(page.locator("#offers")).to_contain_text("Ola Fasanya")
    assert Offer.objects.get().appointment.starts_at == datetime.combine(monday, time(8, 30), tzinfo=harbour.zone)
