"""The day board in real browsers: two screens, one truth."""

from __future__ import annotations

from datetime import datetime, timedelta
from datetime import time as clock

import pytest
from playwright.sync_api import Page, expect

from scheduling.booking import book_appointment
from scheduling.models import Appointment
from scheduling.rescheduling import reschedule_appointment
from tests import factories
from tests.browser.accessibility import assert_accessible

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def visit(patient, consultation, dr_osei, harbour, receptionist, monday, room_1) -> Appointment:
    """The patient sees Dr Osei on Monday at ten."""
    start = datetime.combine(monday, clock(10), tzinfo=harbour.zone)
    wish = {"patient": patient, "appointment_type": consultation, "doctor": dr_osei, "clinic": harbour}
    return book_appointment(**wish, starts_at=start, by=receptionist)


@pytest.fixture
def board(page_of, site, harbour, monday, receptionist, visit):
    """Opens Monday's board in a browser of its own, signed in as the receptionist and connected."""

    def open_board() -> Page:
        page = page_of(receptionist)
        page.goto(f"{site}/board/?clinic={harbour.pk}&day={monday}")
        expect(page.locator(".live")).to_contain_text("Live", timeout=20_000)
        return page

    return open_board


def test_a_cancellation_on_one_screen_reaches_the_other_long_before_it_would_ask_by_itself(board, patient_request):
    mine, theirs = board(), board()
    mine.get_by_role("link", name="Nerys Calloway").first.click()
    mine.get_by_role("link", name="Reschedule").wait_for()
    mine.keyboard.press("x")
    mine.get_by_label("Reason").select_option(label="Patient asked")
    mine.get_by_role("button", name="Cancel appointment").click()

    expect(mine.get_by_text("Cancelled: Nerys Calloway")).to_be_visible(timeout=10_000)
    # It asks every 30 seconds anyway; how long the nudge takes is measured by `bin/bench live`.
    expect(theirs.locator(".appt[data-st=cancelled]")).to_have_count(1, timeout=10_000)

    mine.keyboard.press("z")
    expect(theirs.locator(".appt[data-st=confirmed]")).to_have_count(1, timeout=10_000)


def test_what_changed_while_a_slow_script_was_on_its_way_shows_at_once(
    page_of, site, visit, consultation, dr_osei, harbour, receptionist, monday, another_patient
):
    page, late = page_of(receptionist), []
    page.route("**/js/changes*.js", lambda script: late.append(script))
    with page.expect_request("**/js/changes*.js"), page.expect_event("requestfinished", lambda r: "js/live" in r.url):
        page.goto(f"{site}/board/?clinic={harbour.pk}&day={monday}", wait_until="commit")
    page.get_by_role("link", name="Nerys Calloway").first.wait_for()
    wish = {"patient": another_patient, "appointment_type": consultation, "doctor": dr_osei, "clinic": harbour}
    book_appointment(**wish, starts_at=visit.starts_at + timedelta(hours=1), by=receptionist)
    page.wait_for_timeout(1_000)  # long enough for a socket that opens too early, and for what it hears
    for script in late:
        script.continue_()

    expect(page.get_by_role("link", name="Kessler").first).to_be_visible(timeout=10_000)


def test_changes_by_others_are_counted_and_marked_and_ones_own_are_not(
    board, patient_request, visit, consultation, dr_osei, harbour, receptionist, another_patient
):
    mine = board()
    expect(mine.locator("#arrived")).to_be_hidden()
    later = visit.starts_at + timedelta(hours=1)
    wish = {"patient": another_patient, "appointment_type": consultation, "doctor": dr_osei, "clinic": harbour}
    book_appointment(**wish, starts_at=later, by=receptionist)
    expect(mine.locator("#arrived")).to_contain_text("1 change arrived", timeout=5_000)
    expect(mine.locator(".appt.flash")).to_contain_text("Kessler")

    reschedule_appointment(appointment=visit, starts_at=later + timedelta(hours=4), by=receptionist)
    expect(mine.locator("#arrived")).to_contain_text("2 changes arrived", timeout=5_000)
    mine.locator("#arrived").click()
    expect(mine.locator("#arrived")).to_be_hidden()

    mine.get_by_role("link", name="Nerys Calloway").first.click()
    mine.get_by_role("link", name="Reschedule").wait_for()
    mine.keyboard.press("x")
    mine.get_by_label("Reason").select_option(label="Patient asked")
    mine.get_by_role("button", name="Cancel appointment").click()
    expect(mine.locator(".appt[data-st=cancelled]")).to_have_count(1, timeout=10_000)
    expect(mine.locator("#arrived")).to_be_hidden()


def test_a_row_that_arrives_above_does_not_move_what_is_being_read(
    board, visit, consultation, dr_osei, harbour, receptionist
):
    def book(minutes: int) -> Appointment:
        wish = {"patient": factories.PatientFactory(), "appointment_type": consultation, "doctor": dr_osei}
        return book_appointment(
            **wish, clinic=harbour, starts_at=visit.starts_at + timedelta(minutes=minutes), by=receptionist
        )

    read = [book(minutes) for minutes in (45, 90, 210, 255, 300, 345)][4]
    page = board()
    page.set_viewport_size({"width": 1280, "height": 480})
    page.get_by_role("link", name="List", exact=True).click()
    page.locator(f"#l-{read.reference}").scroll_into_view_if_needed()
    expect(page.locator(".live")).to_contain_text("Live", timeout=20_000)
    top = "el => Math.round(el.getBoundingClientRect().top)"
    before = page.locator(f"#l-{read.reference}").evaluate(top)

    book(-90)
    expect(page.locator("#arrived")).to_contain_text("1 change arrived", timeout=5_000)
    assert page.locator(f"#l-{read.reference}").evaluate(top) == before


@pytest.mark.parametrize("width", [1280, 1440])
def test_every_filter_says_its_word_and_a_visit_its_time(board, width):
    page = board()
    page.set_viewport_size({"width": width, "height": 900})

    assert "Confirmed" in page.locator(".fchip[data-st=confirmed]").inner_text()
    expect(page.locator(".acard .l2", has_text="10:00")).to_be_visible()
    words = page.locator(".fchip").evaluate_all("chips => chips.every(chip => chip.scrollWidth <= chip.clientWidth)")
    assert words


def test_moving_from_the_dialog_shows_the_visit_at_its_new_time(board):
    page = board()
    page.get_by_role("link", name="Nerys Calloway").first.click()
    page.get_by_role("link", name="Reschedule").click()
    page.get_by_role("radio", name="11:00").first.click()
    page.get_by_role("button", name="Move to 11:00").click()

    expect(page.locator(".acard .l2", has_text="11:00")).to_be_visible(timeout=10_000)
    expect(page.locator(".acard .l2", has_text="10:00")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_on_the_board_bars_anyone(board, scheme):
    page = board()
    page.emulate_media(color_scheme=scheme)
    page.get_by_role("link", name="Nerys Calloway").first.click()
    page.get_by_role("link", name="Reschedule").wait_for()

    assert_accessible(page)
