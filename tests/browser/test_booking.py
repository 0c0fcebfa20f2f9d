"""Reception at work in a real browser: find a time, hold it, book it for somebody new, lose one, move one."""

from __future__ import annotations

from datetime import datetime, time

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.sync_api import Browser, Page, expect

from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment
from scheduling.models import Appointment, Status
from tests.browser.accessibility import assert_accessible

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "carebridge-demo"
WHERE_TIMES_STAND = (
    "[...document.querySelectorAll('.dgroup .slot')].map(el => JSON.stringify(el.getBoundingClientRect()))"
)


@pytest.fixture
def open_page(page_of, site: str):
    """Opens an address as somebody who is signed in, in a browser session of their own."""

    def run(user, path: str) -> Page:
        page = page_of(user)
        page.goto(f"{site}{path}")
        return page

    return run


@pytest.fixture
def signed_in(browser: Browser, site: str):
    """Signs somebody in through the form, as people do, and opens an address."""

    def run(user, path: str) -> Page:
        # The site hashes as in production, which the tests' quick hasher is not.
        user.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000)
        user.save()
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.goto(f"{site}/accounts/login/?next={path}")
        page.fill("[name=login]", user.username)
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url(f"**{path}*")
        return page

    return run


def slot_of(page: Page, clock: str):
    """The button of a time; a doctor's seventh time of a day and later ones are folded away until asked for."""
    page.evaluate("document.querySelectorAll('.more-times').forEach(fold => { fold.open = true })")
    return page.locator(".dgroup .slot", has_text=clock).first


def search_monday(page: Page, consultation, monday) -> None:
    page.fill("#id_from", monday.isoformat())
    page.fill("#id_to", monday.isoformat())
    page.select_option("#id_service", str(consultation.service_id))
    expect(page.locator(".dgroup")).to_have_count(1)


def test_reception_books_a_time_for_a_new_patient_and_a_colleague_sees_it(
    signed_in, open_page, receptionist, clinic_admin, consultation, dr_osei, room_2, harbour, monday
):
    page = signed_in(receptionist, "/find/")
    search_monday(page, consultation, monday)
    slot_of(page, "10:00").click()
    expect(page.locator("#drawer")).to_contain_text("Held for you")
    expect(page.locator(".explain:visible")).to_contain_text("Why 10:00 works")

    colleague = open_page(clinic_admin, f"/board/?clinic={harbour.pk}&day={monday}")
    expect(colleague.locator("main")).to_contain_text("Held")

    page.fill("#booking-patient", "grace whitfield")
    page.get_by_role("option", name="Add “grace whitfield”").click()
    dialog = page.locator("#dialog")
    expect(dialog.get_by_label("First name")).to_have_value("Grace")
    dialog.get_by_label("Birth date").fill("1979-02-14")
    dialog.get_by_role("button", name="Add patient").click()
    expect(page.locator("#booking-details")).to_contain_text("Grace Whitfield")
    page.get_by_label("Note for the team").fill("Prefers a chair by the door")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#drawer")).to_contain_text("Booked")
    expect(slot_of(page, "10:00")).to_have_count(0)
    expect(page.locator(".explain:visible")).to_have_count(0)

    visit = Appointment.objects.get()
    assert (visit.patient.full_name, visit.notes) == ("Grace Whitfield", "Prefers a chair by the door")
    assert visit.local_start.strftime("%H:%M") == "10:00"
    expect(colleague.locator("main")).to_contain_text("Grace Whitfield", timeout=35_000)


def test_a_name_typed_before_the_scripts_are_there_is_looked_for(page_of, site, receptionist, patient):
    page = page_of(receptionist)
    page.route("**/htmx*", lambda route: None)
    with page.expect_request("**/htmx*"):
        page.goto(f"{site}/find/", wait_until="commit")
    page.locator("#patient-text").press_sequentially("calloway")
    page.wait_for_timeout(300)
    page.unroute("**/htmx*")  # lets go of what was held back, too

    expect(page.get_by_role("option", name=patient.full_name)).to_be_visible()


def test_a_button_works_from_the_moment_it_is_there(open_page, receptionist, consultation, dr_osei, room_1, monday):
    page = open_page(receptionist, "/find/")
    search_monday(page, consultation, monday)
    address = page.url
    page.evaluate(
        "new MutationObserver((_, me) => {"
        " const button = document.querySelector('#drawer [data-release]');"
        " if (button) { me.disconnect(); button.click(); }"
        "}).observe(document.getElementById('drawer'), { childList: true, subtree: true })"
    )
    with page.expect_response(lambda response: "/release/" in response.url) as released:
        slot_of(page, "10:00").click()

    assert released.value.status == 200
    expect(page.locator("#booking-form")).to_have_count(0)
    assert page.url == address


def test_a_lost_time_offers_the_nearest_and_nothing_is_typed_twice(
    site, open_page, receptionist, consultation, dr_osei, harbour, monday, patient, another_patient
):
    page = open_page(receptionist, "/find/")
    page.fill("#patient-text", "calloway")
    page.get_by_role("option", name="Nerys Calloway").click()
    search_monday(page, consultation, monday)
    slot_of(page, "10:00").click()
    page.get_by_label("Note for the team").fill("Brings her mother")
    ten = datetime.combine(monday, time(10), tzinfo=harbour.zone)
    # A hold is a courtesy: a colleague's override does not ask it, and the ledger decides.
    page.request.post(f"{site}{page.locator('[data-release]').get_attribute('hx-post')}", headers=_csrf(page))
    book_appointment(
        patient=another_patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=ten,
        by=None,
    )
    page.keyboard.press("Control+Enter")

    alert = page.locator("#drawer [role=alert]")
    expect(alert).to_contain_text("Nothing was saved")
    expect(alert.locator(".slot")).to_have_count(3)
    alert.locator(".slot").first.click()
    expect(page.locator("#drawer")).to_contain_text("Held for you")
    expect(page.get_by_label("Note for the team")).to_have_value("Brings her mother")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#drawer")).to_contain_text("Booked")
    assert Appointment.objects.filter(patient=patient).count() == 1


def test_a_time_that_a_colleague_takes_is_struck_out_where_it_stands(
    open_page, receptionist, consultation, dr_osei, dr_wilk, room_2, harbour, monday, patient, patient_request
):
    page = open_page(receptionist, "/find/")
    expect(page.locator(".live")).to_contain_text("Live", timeout=20_000)
    search_monday(page, consultation, monday)
    slot_of(page, "11:00").click()
    expect(page.locator("#drawer")).to_contain_text("Held for you")
    page.get_by_label("Note for the team").fill("Brings her moth")
    before = page.evaluate(WHERE_TIMES_STAND)

    early = datetime.combine(monday, time(8, 30), tzinfo=harbour.zone)
    wish = {"patient": patient, "appointment_type": consultation, "clinic": harbour, "starts_at": early, "by": None}
    visit = book_appointment(**wish, doctor=dr_osei)

    gone = page.locator(".dgroup .slot.gone")
    expect(gone.filter(has_text="08:30")).to_have_count(1, timeout=5_000)
    expect(page.locator(".offered-note")).to_contain_text("taken a moment ago")
    assert page.evaluate(WHERE_TIMES_STAND) == before
    expect(page.locator(".first b")).to_contain_text("09:00")
    expect(page.get_by_label("Note for the team")).to_be_focused()
    expect(page.get_by_label("Note for the team")).to_have_value("Brings her moth")
    expect(slot_of(page, "11:00")).to_have_attribute("aria-pressed", "true")

    cancel_appointment(appointment=visit, reason=patient_request, by=None)
    expect(gone).to_have_count(0, timeout=5_000)


def test_times_that_come_free_are_shown_when_asked_for(
    open_page, receptionist, consultation, dr_osei, room_2, harbour, monday, patient, patient_request
):
    ten = datetime.combine(monday, time(10), tzinfo=harbour.zone)
    wish = {"patient": patient, "appointment_type": consultation, "clinic": harbour, "starts_at": ten, "by": None}
    visit = book_appointment(**wish, doctor=dr_osei)
    page = open_page(receptionist, "/find/")
    expect(page.locator(".live")).to_contain_text("Live", timeout=20_000)
    search_monday(page, consultation, monday)
    expect(slot_of(page, "10:00")).to_have_count(0)

    cancel_appointment(appointment=visit, reason=patient_request, by=None)
    page.get_by_role("button", name="more that came free").click(timeout=5_000)

    expect(slot_of(page, "10:00")).to_have_count(1)


def test_a_visit_is_moved_and_then_cancelled(
    open_page, receptionist, patient, consultation, dr_osei, harbour, monday, patient_request
):
    ten = datetime.combine(monday, time(10), tzinfo=harbour.zone)
    visit = book_appointment(
        patient=patient, appointment_type=consultation, doctor=dr_osei, clinic=harbour, starts_at=ten, by=None
    )
    page = open_page(receptionist, f"/find/?move={visit.reference}&from={monday}&to={monday}")
    expect(page.locator(".fform")).to_contain_text("The old time is kept until the new one is confirmed")
    expect(page.locator(".dgroup").first).to_be_visible()
    slot_of(page, "11:15").click()
    page.get_by_role("button", name="Move here").click()
    expect(page.locator("#drawer")).to_contain_text("Moved")

    visit.refresh_from_db()
    assert visit.status == Status.RESCHEDULED
    page.get_by_role("link", name="Show on the board").click()
    page.wait_for_url("**/board/*")
    page.get_by_role("link", name="Nerys Calloway").first.click()
    page.get_by_role("link", name="Reschedule").wait_for()
    page.keyboard.press("x")
    page.get_by_label("Reason").select_option(label="Patient asked")
    page.get_by_role("button", name="Cancel appointment").click()
    expect(page.locator("#dialog")).to_be_hidden()

    assert Appointment.objects.get(moved_from=visit).status == Status.CANCELLED


def test_the_finder_has_no_accessibility_violations(
    open_page, receptionist, consultation, dr_osei, dr_wilk, patient, monday
):

    page = open_page(receptionist, "/find/")
    search_monday(page, consultation, monday)
    slot_of(page, "10:00").click()
    expect(page.locator("#drawer")).to_contain_text("Held for you")

    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        assert_accessible(page)


def _csrf(page: Page) -> dict[str, str]:
    token = page.locator("#booking-form [name=csrfmiddlewaretoken]").get_attribute("value") or ""
    return {"X-CSRFToken": token, "Referer": page.url}
