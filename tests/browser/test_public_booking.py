"""In a browser on a phone: somebody new books on the public pages, though the time they picked is taken meanwhile."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from scheduling import hold_store
from scheduling.booking import book_appointment
from scheduling.models import Appointment, OnlineBooking, SelfBooking, Status
from scheduling.public_codes import code_of
from tests.browser.accessibility import assert_accessible
from tests.browser.test_patient_links import PHONE, pick, press, shoot

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def open_here(harbour, consultation, dr_osei) -> OnlineBooking:
    """Anybody may book a consultation at Harbour."""
    return OnlineBooking.objects.create(clinic=harbour, appointment_type=consultation, mode="book")


def fill_in(page: Page, **typed: str) -> None:
    for name, value in typed.items():
        page.locator(f"[name={name}]").fill(value)


@pytest.mark.parametrize("javascript", [True, False])
def test_somebody_new_books_though_the_first_time_is_lost_and_types_nothing_twice(
    browser, site, open_here, consultation, dr_osei, harbour, another_patient, receptionist, javascript
):
    page = browser.new_context(viewport=PHONE, java_script_enabled=javascript).new_page()
    page.goto(f"{site}/p/book/harbour/")
    shoot(page, "public-services")
    page.get_by_role("link", name="Cardiology").click()
    starts_at = pick(page, "2:00pm")
    press(page, "Continue")
    shoot(page, "public-details")
    if javascript:
        assert_accessible(page)
    fill_in(page, given_name="Sam", family_name="Whitlock", day="27", month="3", year="1958", contact="s@example.org")
    page.wait_for_timeout(3000)  # nobody types faster, and programs are asked again

    slot = {"doctor": dr_osei, "clinic": harbour, "starts_at": starts_at}
    book_appointment(patient=another_patient, appointment_type=consultation, **slot, by=receptionist, hold=held())
    press(page, "Continue")
    expect(page.get_by_role("alert")).to_contain_text("Please choose another one")
    expect(page.get_by_role("group", name="Nearest to the time that is gone")).to_be_visible()
    shoot(page, "public-lost")

    page.locator(".p-slots.wide .p-slot").first.click()
    press(page, "Continue")
    expect(page.locator("[name=family_name]")).to_have_value("Whitlock")
    press(page, "Continue")
    expect(page.locator("[name=code]")).to_be_visible()
    page.locator("[name=code]").fill(code_of(SelfBooking.objects.get()))
    shoot(page, "public-code")
    press(page, "Book this time")

    expect(page.get_by_role("heading", name="You are booked")).to_be_visible()
    shoot(page, "public-booked")
    visit = Appointment.objects.exclude(patient=another_patient).get()
    assert (visit.status, visit.starts_at != starts_at) == (Status.CONFIRMED, True)
    if javascript:
        assert_accessible(page)


def held() -> str:
    """The phone's own hold, so that the time is taken from under it."""
    return next(record.owner for record in hold_store.alive())
