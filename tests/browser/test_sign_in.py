"""Signing in, in a real browser: passkeys, the warning before the end, and nothing typed lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.sync_api import Browser, Page, expect

from carebridge.accounts.factors import format_hotp_value, hotp_value
from carebridge.accounts.models import User
from scheduling.models import Appointment
from tests.browser.accessibility import assert_accessible
from tests.browser.waiting import wait_until
from tests.concurrency.forked_site import fork_site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "carebridge-demo"


@pytest.fixture
def page(browser: Browser) -> Page:
    return browser.new_context(viewport={"width": 1280, "height": 860}).new_page()


@pytest.fixture
def hasty_site(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[str]:
    """A site where sessions end after so many idle seconds. Forked, so it must come before the browser."""

    def hurry() -> None:
        settings.SESSION_IDLE = timedelta(seconds=request.param)

    with fork_site(workers=1, prepare=hurry) as address:
        yield address


def fill_in(page: Page, user: User) -> None:
    # The site hashes as in production, which the tests' quick hasher is not.
    user.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000)
    user.save()
    type_in(page, user)


def type_in(page: Page, user: User) -> None:
    page.fill("[name=login]", user.username)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")


def test_a_new_colleague_sets_up_an_app_then_a_passkey_and_signs_in_with_the_passkey_alone(site, page, receptionist):
    User.objects.filter(pk=receptionist.pk).update(is_demo=False)
    receptionist.refresh_from_db()
    local = site.replace("127.0.0.1", "localhost")  # passkeys belong to names, not to addresses
    keys = page.context.new_cdp_session(page)
    keys.send("WebAuthn.enable")
    device = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options = {**device, "isUserVerified": True, "automaticPresenceSimulation": True}
    keys.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto(f"{local}/accounts/login/?next=/accounts/")
    assert_accessible(page)
    fill_in(page, receptionist)

    expect(page.get_by_role("heading", name="Set up your second factor")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("link", name="Authenticator app").click()
    page.get_by_text("Can’t scan it?").click()
    secret = page.locator(".secret").inner_text()
    wait_until(page, "document.querySelector('.qr').naturalWidth > 0")
    assert_accessible(page)
    page.get_by_label("Code from the app").fill(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
    page.get_by_role("button", name="Turn it on").click()
    expect(page.locator(".codes li")).to_have_count(10)
    assert_accessible(page)

    page.goto(f"{local}/accounts/2fa/webauthn/add/")
    page.get_by_label("Name").fill("Front desk")
    page.get_by_label("Sign in with it alone").check()
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.locator("main")).to_contain_text("Front desk")
    assert_accessible(page)

    page.goto(f"{local}/accounts/logout/")
    # The button is drawn before the scripts behind it are here: pressed so early, it would do nothing.
    page.route("**/onload*.js", lambda route: (time.sleep(0.5), route.continue_()))
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(lambda url: "/accounts/" not in url)
    page.goto(f"{local}/accounts/")
    expect(page.locator("main")).to_contain_text("This browser")


@pytest.mark.parametrize("hasty_site", [16], indirect=True)
def test_an_idle_screen_warns_lets_stay_and_keeps_what_was_typed(hasty_site, page, clinic_admin, harbour):
    page.goto(f"{hasty_site}/accounts/login/?next=/people/invite/")
    type_in(page, clinic_admin)
    warning = page.locator("#session-ending")
    expect(warning).to_be_visible(timeout=30_000)
    assert_accessible(page)
    page.get_by_role("button", name="Stay signed in").click()
    expect(warning).to_be_hidden()

    page.get_by_label("First name").fill("Ines")
    page.get_by_label("Work email").fill("ines@harbour.example")
    page.wait_for_url("**/accounts/login/**", timeout=60_000)
    expect(page.get_by_text("What you had typed is kept")).to_be_visible()
    kept = page.evaluate("sessionStorage.getItem('kept-input')")
    assert "ines" not in kept.lower()

    type_in(page, clinic_admin)
    page.wait_for_url("**/people/invite/")
    expect(page.get_by_label("First name")).to_have_value("Ines")
    expect(page.get_by_label("Work email")).to_have_value("ines@harbour.example")
    assert page.evaluate("sessionStorage.getItem('kept-input')") is None


@pytest.mark.parametrize("hasty_site", [8], indirect=True)
def test_what_somebody_typed_is_not_given_to_the_next_person(hasty_site, page, clinic_admin, sysadmin, harbour):
    page.goto(f"{hasty_site}/accounts/login/?next=/people/invite/")
    type_in(page, clinic_admin)
    page.get_by_label("First name").fill("Ines")
    page.wait_for_url("**/accounts/login/**", timeout=60_000)

    type_in(page, sysadmin)
    page.wait_for_url("**/people/invite/")
    wait_until(page, "sessionStorage.getItem('kept-input') === null")
    expect(page.get_by_label("First name")).to_have_value("")


@pytest.mark.parametrize("hasty_site", [16], indirect=True)
def test_a_note_typed_while_booking_comes_back_for_its_patient_and_for_nobody_else(
    hasty_site, page, receptionist, consultation, dr_osei, patient, another_patient, monday
):
    def open_drawer(name: str, clock: str) -> None:
        # Choosing a patient searches again, which folds nothing up.
        page.locator(".more-times").first.wait_for()
        page.evaluate("document.querySelectorAll('.more-times').forEach(fold => { fold.open = true })")
        page.fill("#patient-text", name.split()[-1].lower())
        page.get_by_role("option", name=name).click()
        page.locator(".dgroup .slot", has_text=clock).first.click()
        expect(page.locator("#booking-details")).to_contain_text(name)

    find = f"/find/?service={consultation.service_id}&from={monday}&to={monday}"
    page.goto(f"{hasty_site}/accounts/login/?next={quote(find)}")
    type_in(page, receptionist)
    open_drawer(patient.full_name, "10:00")
    page.get_by_label("Note for the team").fill("Brings her own chair")
    page.wait_for_url("**/accounts/login/**", timeout=90_000)
    type_in(page, receptionist)
    page.wait_for_url("**/find/**")

    # The first time is still held for the session that ended.
    open_drawer(another_patient.full_name, "14:00")
    expect(page.get_by_label("Note for the team")).to_have_value("")
    page.keyboard.press("Escape")
    expect(page.locator("#booking-form")).to_have_count(0)
    open_drawer(patient.full_name, "15:00")
    expect(page.get_by_label("Note for the team")).to_have_value("Brings her own chair")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#drawer")).to_contain_text("Booked")

    visit = Appointment.objects.get()
    assert (visit.patient, visit.notes) == (patient, "Brings her own chair")
