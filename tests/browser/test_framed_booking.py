"""In a browser: a clinic's own website shows its public booking, and one that the clinic doesn't list can't."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Frame, Page, expect

from scheduling.models import Appointment, Clinic, SelfBooking, Status
from scheduling.public_codes import code_of
from tests.browser.accessibility import assert_accessible
from tests.browser.test_patient_links import PHONE, pick, press, shoot
from tests.browser.test_public_booking import fill_in, open_here  # noqa: F401  (a fixture)
from tests.browser.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@contextmanager
def website(host: str, markup: str) -> Iterator[str]:
    """Serve one page on a port of its own, and yield the site's origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(f"<!doctype html><title>Harbour Clinic</title><h1>Our clinic</h1>{markup}".encode())

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def shown_in_frame(page: Page) -> bool:
    """Whether the browser let the frame's page in."""
    return page.frames[1].get_by_role("heading", name="Book an appointment").count() == 1


def shows(frame: Frame, of_the_page: str) -> None:
    """The frame shows that page and is as high as it: from then on nothing moves away from under a finger."""
    expect(frame.locator(of_the_page)).to_be_visible()
    wait_until(frame, "innerHeight === Math.ceil(document.body.getBoundingClientRect().height)")


def test_a_listed_site_shows_the_booking_which_goes_on_in_a_tab_and_another_site_cannot(
    browser,
    site,
    open_here,  # noqa: F811
    harbour,
):
    script = f'<script src="{site}/p/embed.js" data-clinic="harbour"></script>'
    context = browser.new_context(viewport=PHONE)
    with website("localhost", script) as listed, website("localhost", script) as other:
        clinic = Clinic.objects.filter(pk=harbour.pk)
        clinic.update(framed_by=[listed])

        page = context.new_page()
        page.goto(other)
        assert not shown_in_frame(page)
        clinic.update(framed_by=[listed, other])
        page.reload()
        assert shown_in_frame(page)  # so it was the list that kept it out

        page.goto(listed)
        frame = page.frames[1]
        shows(frame, "h1:text('Book an appointment')")
        frame.get_by_role("link", name="Cardiology").click()
        shows(frame, "h1:text('Choose a time')")
        frame.get_by_role("link", name="Calendar").click()
        shows(frame, ".p-month")
        frame.locator(".p-month td a").nth(1).click()
        frame.wait_for_url("**&day=*")
        shows(frame, "#day")
        assert page.evaluate("scrollY") > 500  # down at the times of that day
        shoot(page, "framed-times")
        assert_accessible(frame)
        picked = pick(frame, "2:00pm")
        assert context.cookies() == []

        with context.expect_page() as opened:
            press(frame, "Continue")
        tab = opened.value
        fill_in(tab, given_name="Sam", family_name="Whitlock", contact="s@example.org")
        fill_in(tab, day="27", month="3", year="1958")
        tab.wait_for_timeout(3000)  # nobody types faster, and programs are asked again
        press(tab, "Continue")
        expect(tab.locator("[name=code]")).to_be_visible()
        tab.locator("[name=code]").fill(code_of(SelfBooking.objects.get()))
        press(tab, "Book this time")
        expect(tab.get_by_role("heading", name="You are booked")).to_be_visible()
        visit = Appointment.objects.get()
        assert (visit.status, visit.starts_at) == (Status.CONFIRMED, picked)
    context.close()
