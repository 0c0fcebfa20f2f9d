"""Signing in, in a real browser: an authenticator app, then a passkey alone."""

from __future__ import annotations

import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.sync_api import Browser, Page, expect, sync_playwright

from carebridge.accounts.factors import format_hotp_value, hotp_value
from carebridge.accounts.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "carebridge-demo"


@pytest.fixture
def browser(chromium, monkeypatch):
    # Playwright runs an event loop in this thread, which Django would otherwise refuse to query from.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Page:
    return browser.new_context(viewport={"width": 1280, "height": 860}).new_page()


def fill_in(page: Page, user: User) -> None:
    # The site hashes as in production, which the tests' quick hasher is not.
    user.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000)
    user.save()
    page.fill("[name=login]", user.username)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")


def assert_accessible(page: Page) -> None:
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()


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
    assert page.locator(".qr").evaluate("image => image.naturalWidth") > 0
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
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(lambda url: "/accounts/" not in url)
    page.goto(f"{local}/accounts/")
    expect(page.locator("main")).to_contain_text("This browser")
