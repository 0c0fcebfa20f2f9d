"""A browser, and pages in it of people who are signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

from carebridge.accounts.models import User


@pytest.fixture
def browser(chromium: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    # Playwright runs an event loop in this thread, which Django would otherwise refuse to query from.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page_of(browser: Browser, site: str) -> Callable[..., Page]:
    """Opens a page for somebody who is signed in, in a browser session of their own."""

    def open_page(user: User, width: int = 1440, height: int = 900) -> Page:
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        cookie: Any = {"name": f"sessionid_{site.rsplit(':', 1)[1]}", "url": site}
        context = browser.new_context(viewport={"width": width, "height": height})
        context.add_cookies([cookie | {"value": client.cookies[settings.SESSION_COOKIE_NAME].value}])
        return context.new_page()

    return open_page


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Close the test's database sessions while Playwright's event loop still runs.

    Beside a running loop Django keeps connections apart from those of the plain thread. Once the loop is gone nobody
    finds them any more, and the test database could not be dropped.
    """
    connections.close_all()
