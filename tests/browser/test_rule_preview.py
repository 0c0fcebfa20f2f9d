"""In a real browser: a rule is tried out with what was typed, and its email shows in a frame that runs nothing."""

from __future__ import annotations

import os
from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from reminders.models import Kind, Reminder, State
from reminders.rule_changes import Terms, save_rule
from scheduling.booking import book_appointment
from scheduling.models import Appointment, Status

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZES = {"1440": (1440, 1000), "390": (390, 844)}


def shoot(page, name: str) -> None:
    """Pictures in both widths and both colour schemes, where somebody asked for them."""
    if shots := os.environ.get("SCREENSHOTS"):
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                page.screenshot(path=f"{shots}/{name}-{size}-{scheme}.png", full_page=True)
        page.set_viewport_size({"width": 1440, "height": 1000})


def test_a_rule_is_tried_out_with_what_was_typed(
    site, page_of, patient, consultation, dr_osei, harbour, receptionist, clinic_admin, monday
):
    starts_at = datetime.combine(monday, time(10), tzinfo=harbour.zone)
    book = {"patient": patient, "appointment_type": consultation, "doctor": dr_osei, "clinic": harbour}
    visit = book_appointment(**book, starts_at=starts_at, by=receptionist)
    past = book_appointment(**book, starts_at=starts_at + timedelta(hours=5), by=receptionist)
    rule = save_rule(kind=Kind.UPCOMING, terms=Terms(days=-3), clinic=harbour, by=clinic_admin).rule
    _send_one(past)
    page = page_of(clinic_admin, 1440, 1000)
    problems: list[str] = []
    page.on("console", lambda said: problems.append(said.text) if "Content Security" in said.text else None)
    page.on("pageerror", lambda error: problems.append(str(error)))

    page.goto(f"{site}/reminders/rules/{rule.pk}/")
    page.get_by_text("English").first.click()
    page.locator("#id_text_en_sms").fill("Dear {given_name}, see you on {date} at {time}.")
    page.locator("#id_text_en_email").fill("Dear {given_name},\n\nplease come {date}.")
    page.get_by_label("Way").select_option("sms")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#trial .said.sms")).to_contain_text("Dear Nerys, see you on")
    shoot(page, "rule-sms")

    page.get_by_label("Way").select_option("email")
    page.get_by_role("button", name="Preview").click()
    expect(page.frame_locator("iframe.mail").get_by_text("Dear Nerys,").first).to_be_visible()
    expect(page.locator("#trial")).to_contain_text(visit.reference)
    shoot(page, "rule-email")

    page.locator("#id_text_en_sms").fill("At {tme}")
    page.get_by_role("button", name="Save as version 2").click()
    expect(page.locator("#id_text_en_sms_error")).to_contain_text("There is no placeholder {tme}.")
    shoot(page, "rule-error")

    for path, name in (
        ("rules/", "rules"),
        (f"rules/?clinic={harbour.pk}&type={consultation.pk}", "rules-here"),
        (f"rules/{rule.pk}/narrower/", "rule-new"),
        (f"rules/{rule.pk}/versions/1/", "rule-version"),
        ("effect/", "effect"),
    ):
        page.goto(f"{site}/reminders/{path}")
        width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1]
        shoot(page, name)

    assert rule.versions.count() == 1
    assert problems == []


def _send_one(visit: Appointment) -> None:
    """The visit becomes yesterday's, after a message that was delivered."""
    yesterday = timezone.now() - timedelta(days=1)
    Appointment.objects.filter(pk=visit.pk).update(
        status=Status.COMPLETED, starts_at=yesterday, ends_at=yesterday + timedelta(minutes=30)
    )
    told = Reminder.objects.filter(appointment=visit, kind__in=[Kind.UPCOMING, Kind.BOOKED])
    told.update(state=State.DELIVERED, medium="sms", due_at=yesterday, sent_at=yesterday)
