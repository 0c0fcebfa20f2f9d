"""In a real browser: the visits that leave would displace appear while the form is being filled in."""

from __future__ import annotations

import os
import re
from datetime import datetime, time

import pytest
from playwright.sync_api import expect

from scheduling.booking import book_appointment
from scheduling.models import Status

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_preview_follows_the_form_and_the_block_displaces_what_it_showed(
    site, page_of, patient, consultation, dr_osei, harbour, receptionist, clinic_admin, monday
):
    visit = book_appointment(
        patient=patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=datetime.combine(monday, time(10), tzinfo=harbour.zone),
        by=receptionist,
    )
    page = page_of(clinic_admin)
    problems: list[str] = []
    # htmx reports previews that a newer one replaced as errors of its own; they are meant.
    page.on("console", lambda said: problems.append(said.text) if "Content Security" in said.text else None)
    page.on("pageerror", lambda error: problems.append(str(error)))

    page.goto(f"{site}/roster/block/")
    page.get_by_label("Who or what").select_option(label="Dr Amara Osei")
    page.get_by_label("From", exact=True).fill(monday.isoformat())
    page.get_by_label("Until").fill(monday.isoformat())
    page.locator("#id_from_time").fill("09:00")
    page.locator("#id_to_time").fill("12:00")
    page.locator("#id_to_time").blur()

    expect(page.locator("#preview")).to_contain_text("1 visit to move")
    expect(page.locator("#preview")).to_contain_text(visit.reference)
    if shots := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{shots}/roster-preview.png")

    page.get_by_role("button", name="Block the time").click()
    expect(page.get_by_text(re.compile("Blocked: Dr Amara Osei"))).to_be_visible()
    if shots:
        page.screenshot(path=f"{shots}/roster-done.png")

    visit.refresh_from_db()
    assert visit.status == Status.REQUIRES_REVIEW
    assert problems == []
