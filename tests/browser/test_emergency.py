"""In a real browser: a history opened in an emergency, the banner that stays, the review, and the trail of it all."""

from __future__ import annotations

import os
import re
from datetime import datetime, time

import pytest
from playwright.sync_api import Page, expect

from scheduling.booking import book_appointment

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REASON = "Collapsed in the waiting room, needs her cardiology history"
SHOTS = {"wide": (1440, 900), "phone": (390, 844)}


def shoot(page: Page, name: str) -> None:
    """Pictures in both widths and themes, where SCREENSHOTS names a folder."""
    if not (folder := os.environ.get("SCREENSHOTS")):
        return
    for width, (x, y) in SHOTS.items():
        page.set_viewport_size({"width": x, "height": y})
        for theme in ("light", "dark"):
            page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
            page.screenshot(path=f"{folder}/{name}-{width}-{theme}.png")
    page.set_viewport_size({"width": 1440, "height": 900})


def test_an_emergency_is_opened_read_closed_reviewed_and_in_the_trail(
    site,
    page_of,
    patient,
    consultation,
    dr_osei,
    harbour,
    northgate,
    receptionist,
    receptionist_elsewhere,
    manager,
    sysadmin,
    monday,
):
    visit = book_appointment(
        patient=patient,
        appointment_type=consultation,
        doctor=dr_osei,
        clinic=harbour,
        starts_at=datetime.combine(monday, time(10), tzinfo=harbour.zone),
        by=receptionist,
        notes="Allergic to penicillin",
    )
    problems: list[str] = []

    def watched(user) -> Page:
        page = page_of(user)
        page.on("console", lambda said: problems.append(said.text) if "Content Security" in said.text else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        return page

    page = watched(receptionist_elsewhere)
    page.goto(f"{site}/find/")
    page.get_by_label(re.compile("Your account")).click()
    page.get_by_role("link", name="Emergency access").click()
    page.get_by_label("Birth date").fill(patient.birth_date.isoformat())
    page.get_by_label("Last name").fill("Calloway")
    page.get_by_label("What is the emergency?").fill(REASON)
    shoot(page, "emergency-open")
    page.get_by_role("button", name="Open for one hour").click()

    expect(page.get_by_text("Allergic to penicillin")).to_be_visible()
    expect(page.get_by_text("Emergency access to Nerys Calloway")).to_be_visible()
    expect(page.locator(".emergency time")).to_have_text(re.compile(r"59:\d\d|60:00"))
    shoot(page, "emergency-record")

    page.get_by_role("button", name="Close now").click()
    expect(page.get_by_text("This access has ended")).to_be_visible()
    expect(page.get_by_text("Allergic to penicillin")).to_have_count(0)
    page.goto(f"{site}/appointments/{visit.reference}/")

    page = watched(manager)
    page.goto(f"{site}/emergency/review/")
    shoot(page, "emergency-review")
    page.get_by_role("button", name="Justified", exact=True).click()
    expect(page.get_by_text("Nothing to review")).to_be_visible()
    page.goto(f"{site}/audit/")
    shoot(page, "audit-all")
    page.get_by_role("link", name="Refused", exact=True).click()
    expect(page.get_by_role("cell", name="Asked for something not theirs")).to_be_visible()
    shoot(page, "audit-refused")
    page.goto(f"{site}/audit/?kind=emergency")
    expect(page.get_by_role("cell", name="Opened a history in an emergency")).to_have_count(1)
    page.goto(f"{site}/audit/patients/{patient.pk}/")
    shoot(page, "audit-patient")

    page = watched(sysadmin)
    page.goto(f"{site}/audit/")
    page.get_by_role("link", name="Export").click()
    page.get_by_label("Reason").fill("Asked for by the data protection officer")
    shoot(page, "audit-export")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as CSV").click()
    assert download.value.suggested_filename.startswith("carebridge-audit-")

    assert problems == []
