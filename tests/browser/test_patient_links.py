"""In a browser on a phone: patients serve themselves from the link in a message, and mail scanners change nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from scheduling.booking import book_appointment
from scheduling.booking_invitations import invite_to_book
from scheduling.cancelling import cancel_appointment
from scheduling.languages import LANGUAGES
from scheduling.links import manage_link, revoke_link, token_of
from scheduling.models import Appointment, AppointmentType, Clinic, OnlineBooking, Patient, ScheduleEvent, Status
from tests.browser.accessibility import assert_accessible
from waitlist.entries import join
from waitlist.freed import match_due
from waitlist.models import FreedSlot, Offer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture
def visit(patient, consultation, dr_osei, harbour, receptionist, patient_request, at) -> Appointment:
    """The patient sees Dr Osei on Monday at ten; the clinic says how to get there and how to prepare."""
    Clinic.objects.filter(pk=harbour.pk).update(
        address="14 Harbour Street", postcode="E1W 4HS", phone="+442079460110", directions="Ramp in Anchor Lane"
    )
    AppointmentType.objects.filter(pk=consultation.pk).update(preparation="Bring your medicines.\nWear a loose top.")
    return book_appointment(
        patient=patient, appointment_type=consultation, doctor=dr_osei, clinic=harbour, starts_at=at("10:00"),
        by=receptionist,
    )  # fmt: skip


@pytest.fixture
def address(site, visit) -> str:
    return f"{site}/p/{token_of(manage_link(appointment=visit))}/"


@pytest.fixture
def follow(browser, address, visit) -> Callable[..., Page]:
    """Opens the link on a phone of its own; the birth date is given unless that is left out."""

    def open_page(*, known: bool = True, javascript: bool = True) -> Page:
        page = browser.new_context(viewport=PHONE, java_script_enabled=javascript).new_page()
        page.goto(address)
        if known:
            say_who_it_is(page, visit.patient)
            expect(page.locator("#when")).to_be_visible()
        return page

    return open_page


def say_who_it_is(page: Page, patient: Patient) -> None:
    born = patient.birth_date
    for field, number in (("day", born.day), ("month", born.month), ("year", born.year)):
        page.locator(f"[name={field}]").fill(str(number))
    page.get_by_role("main").get_by_role("button").click()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name)).first.click()
    page.wait_for_load_state()


def pick(page: Page, clock: str) -> datetime:
    """Pick the first slot at that time of day, and return when it starts."""
    slot = page.locator("label", has_text=clock).first
    slot.click()
    value = slot.locator("input").get_attribute("value")
    assert value
    return datetime.fromisoformat(value.split(".", 2)[2])


def shoot(page: Page, name: str) -> None:
    """Pictures of a phone in both colour schemes, of a desktop, and of paper, where somebody asked for them."""
    if shots := os.environ.get("SCREENSHOTS"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=f"{shots}/{name}-390-{scheme}.png", full_page=True)
        page.emulate_media(color_scheme="light", media="print")
        page.screenshot(path=f"{shots}/{name}-print.png", full_page=True)
        page.emulate_media(color_scheme="light", media="screen")
        page.set_viewport_size(DESKTOP)
        page.screenshot(path=f"{shots}/{name}-1280.png", full_page=True)
        page.set_viewport_size(PHONE)


def live(visit: Appointment) -> Appointment:
    return Appointment.objects.get(pk=visit.pk)


# --- What patients do -------------------------------------------------------------------------------------------------


def test_a_patient_says_that_they_come(follow, visit):
    page = follow()

    press(page, "Yes, I will be there")

    expect(page.get_by_role("heading", name="Thank you, see you then")).to_be_visible()
    assert live(visit).attendance_confirmed_at


def test_an_invited_patient_books_once_and_finds_the_visit_behind_the_same_link(
    browser, site, patient, consultation, dr_osei, harbour, receptionist, monday
):
    AppointmentType.objects.update(preparation="Bring your medicines.")
    days = {"first_day": monday, "last_day": monday + timedelta(days=4)}
    wish = {"appointment_type": consultation, "clinic": harbour, "doctor": dr_osei}
    invitation = invite_to_book(patient=patient, by=receptionist, **wish, **days)
    page = browser.new_context(viewport=PHONE).new_page()
    page.goto(f"{site}/p/{token_of(invitation.link)}/")
    say_who_it_is(page, patient)

    starts_at = pick(page, "2:00pm")
    press(page, "Continue")
    expect(page.get_by_role("heading", name="Book this time?")).to_be_visible()
    assert not Appointment.objects.exists()
    press(page, "Book this time")

    for _ in range(2):
        expect(page.locator("#when")).to_contain_text("2:00pm")
        expect(page.get_by_text("Bring your medicines.")).to_be_visible()
        page.goto(f"{site}/p/{token_of(invitation.link)}/")
    assert Appointment.objects.get().starts_at == starts_at


@pytest.fixture
def offer(site, visit, dr_osei, harbour, consultation, another_patient, receptionist, patient_request, at) -> Offer:
    """Half past eight came free, and is offered to the patient who would give up ten for it."""
    other = {"appointment_type": consultation, "doctor": dr_osei, "clinic": harbour, "by": receptionist}
    freed = book_appointment(patient=another_patient, starts_at=at("08:30"), **other)
    Patient.objects.filter(pk=visit.patient_id).update(mobile="+447700900123")
    join(patient=visit.patient, appointment_type=consultation, clinic=harbour, visit=visit, by=None)
    cancel_appointment(appointment=freed, reason=patient_request, by=receptionist)
    FreedSlot.objects.update(due_at=timezone.now())
    match_due()
    return Offer.objects.select_related("appointment").get()


@pytest.fixture
def offered(browser, site, offer, visit) -> Page:
    """The offer on a phone."""
    page = browser.new_context(viewport=PHONE).new_page()
    page.goto(f"{site}/p/{token_of(manage_link(appointment=offer.appointment))}/")
    say_who_it_is(page, visit.patient)
    return page


def test_an_earlier_time_is_taken_for_the_later_one(offered, offer, visit):
    expect(offered.get_by_role("heading", name="An earlier time is free")).to_be_visible()
    expect(offered.locator(".p-swap .new")).to_contain_text("8:30am")
    expect(offered.locator(".p-swap .old")).to_contain_text("10:00am")

    press(offered, "Take this time")

    expect(offered.locator("#when")).to_contain_text("8:30am")
    assert live(visit).status == Status.RESCHEDULED
    assert live(offer.appointment).status == Status.CONFIRMED


def test_a_time_that_was_offered_until_a_moment_ago_is_gone_and_nothing_is_lost(offered, offer, visit):
    Appointment.objects.filter(pk=offer.appointment_id).update(expires_at=timezone.now())

    press(offered, "Take this time")

    expect(offered.get_by_role("heading", name="That time has gone")).to_be_visible()
    expect(offered.get_by_text("You did not do anything wrong.")).to_be_visible()
    expect(offered.get_by_text("10:00am")).to_be_visible()
    assert live(visit).status == Status.CONFIRMED


@pytest.mark.parametrize("javascript", [True, False])
def test_a_patient_moves_the_visit_though_the_first_time_is_lost(
    follow, visit, another_patient, receptionist, javascript
):
    page = follow(javascript=javascript)
    press(page, "Change the time")
    starts_at = pick(page, "2:00pm")
    slot = {"doctor": visit.doctor, "clinic": visit.clinic, "starts_at": starts_at}
    book_appointment(patient=another_patient, appointment_type=visit.appointment_type, **slot, by=receptionist)
    press(page, "Continue")
    expect(page.get_by_role("alert")).to_contain_text("Please choose another one")

    starts_at = pick(page, "3:00pm")
    press(page, "Continue")
    expect(page.locator(".p-swap .new")).to_contain_text("3:00pm")
    expect(page.locator(".p-swap .old")).to_contain_text("10:00am")
    assert live(visit).status == Status.CONFIRMED
    press(page, "Take the new time")

    expect(page.locator("#when")).to_contain_text("3:00pm")
    assert live(visit).moved_to.starts_at == starts_at


def test_a_patient_cancels_and_takes_it_back(follow, visit):
    page = follow()
    press(page, "Cancel it")
    press(page, "Cancel the appointment")
    expect(page.get_by_role("heading", name="Your appointment is cancelled")).to_be_visible()
    assert live(visit).status == Status.CANCELLED

    press(page, "I did not mean to cancel")

    expect(page.locator("#when")).to_contain_text("10:00am")
    expect(page.get_by_text("is cancelled")).to_have_count(0)
    assert live(visit).status == Status.CONFIRMED


def test_after_the_cutoff_a_patient_is_told_whom_to_call(follow, visit):
    Clinic.objects.update(cancel_cutoff_minutes=30 * 24 * 60, reschedule_cutoff_minutes=30 * 24 * 60)

    page = follow()

    expect(page.get_by_text("It is too late to change this online.")).to_be_visible()
    expect(page.get_by_role("link", name="Call 020 7946 0110")).to_have_attribute("href", "tel:+442079460110")
    expect(page.get_by_role("link", name="Change the time")).to_have_count(0)


def test_a_link_that_has_ended_says_so_calmly(follow, visit):
    revoke_link(link=visit.links.get())

    page = follow(known=False)

    expect(page.get_by_role("heading", name="This link can't be opened")).to_be_visible()
    expect(page.get_by_text("This link has ended. Please call us")).to_be_visible()


def test_a_patient_reads_arabic_from_the_right(follow, visit):
    Patient.objects.update(language="ar")

    page = follow()

    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.get_by_role("heading", level=1)).to_have_text("موعدك")
    press(page, "تغيير الوقت")
    arrow = page.locator(".p-back .i")
    assert arrow.evaluate("icon => getComputedStyle(icon).scale") == "-1 1"
    back, head = (page.locator(each).bounding_box() for each in (".p-back", "h1"))
    assert abs((back["x"] + back["width"]) - (head["x"] + head["width"])) < 1


# --- In every language ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "language", [each if each in ("en", "ar") else pytest.param(each, marks=pytest.mark.full) for each in LANGUAGES]
)
def test_every_page_can_be_read_by_everybody(follow, visit, language):
    Patient.objects.update(language=language)
    asked = follow(known=False)
    look(asked, f"{language}-birth-date")
    page = follow()
    look(page, f"{language}-manage")
    for path in ("time/", "cancel/"):
        page.goto(f"{page.url.rsplit('/', 1)[0]}/{path}")
        look(page, f"{language}-{path[:-1]}")
        page.go_back()
    page.goto(f"{page.url}time/")
    page.locator(".p-slot").nth(4).click()
    page.locator(".p-bar button").click()
    look(page, f"{language}-move")


def look(page: Page, name: str) -> None:
    """The page has no flaw that axe knows, in either colour scheme, and is no wider than the phone."""
    shoot(page, name)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert_accessible(page)
    for width in (320, 390):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_first_pages_weigh_less_than_fifty_kilobytes(browser, site, address, consultation, harbour, dr_osei):
    OnlineBooking.objects.create(clinic=harbour, appointment_type=consultation, mode="book")
    page = browser.new_context(viewport=PHONE).new_page()
    received: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.on("Network.loadingFinished", lambda said: received.append(int(said["encodedDataLength"])))

    for first in (address, f"{site}/p/book/", f"{site}/p/book/?type={consultation.pk}"):
        received.clear()
        page.goto(first, wait_until="networkidle")

        assert len(received) >= 6
        assert sum(received) <= 50_000, (first, sum(received))


# --- Who only scans mail ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pages", "milliseconds"), [(3, 200), pytest.param(6, 5_000, marks=pytest.mark.full)])
def test_ten_mail_scanners_change_nothing(follow, visit, address, site, pages, milliseconds):
    follow()
    before = (live(visit).version, ScheduleEvent.objects.count())

    for number in range(10):
        # Every other one runs on the phone on which the birth date was given.
        page = follow(known=number % 2 == 1)
        follow_everything(page, site, pages, milliseconds)

    assert (live(visit).version, ScheduleEvent.objects.count()) == before
    assert live(visit).status == Status.CONFIRMED


def follow_everything(page: Page, site: str, pages: int, milliseconds: int) -> None:
    """GET and HEAD whatever the pages link to or send forms to, and let scripts run on each for so long."""
    seen: set[str] = set()
    waiting = [page.url]
    for _ in range(pages):
        if not waiting:
            break
        page.goto(waiting.pop(0))
        page.wait_for_timeout(milliseconds)
        found = page.evaluate("[...document.querySelectorAll('a[href], form')].map(each => each.href || each.action)")
        new = {link for link in found if link.startswith(site)} - seen
        seen |= new
        for link in sorted(new):
            page.request.head(link)
            answer = page.request.get(link)
            if answer.ok and "text/html" in answer.headers["content-type"]:
                waiting.append(link)
