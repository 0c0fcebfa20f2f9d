"""How soon a second browser's board shows what was booked elsewhere, beside a request that does nothing."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import time as clock
from collections.abc import Callable
from datetime import time, timedelta
from urllib.parse import urlsplit

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402
from playwright.sync_api import Page, sync_playwright  # noqa: E402

from carebridge.accounts import factors  # noqa: E402
from carebridge.accounts.tokens import ApiToken  # noqa: E402
from tests.benchmarks._measure import figure, report, spread, timed  # noqa: E402
from tests.benchmarks._world import FILLED_DAYS, HOURS, World, build  # noqa: E402
from tests.concurrency.forked_site import fork_site  # noqa: E402

DAY = 7 * (FILLED_DAYS // 7 + 1)


def board(page: Page, address: str, session: str, world: World) -> None:
    """Open the day's board of the first clinic, signed in, and wait until its socket is connected."""
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": address}])
    day = (world.monday + timedelta(days=DAY)).isoformat()
    page.goto(f"{address}/board/?clinic={world.clinics[0].pk}&day={day}")
    page.locator(".live", has_text="Live").wait_for(timeout=30_000)


def booker(world: World, address: str, token: str) -> Callable[[int], str]:
    """Books the n-th free time of the day over REST and returns the reference that the board will show."""
    asking = http.client.HTTPConnection(urlsplit(address).netloc)
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}

    def book(number: int) -> str:
        body = {
            "patient": str(world.patients[number].pk),
            "appointment_type": world.kind.pk,
            "doctor": world.doctors[number % 3].pk,
            "clinic": world.clinics[0].pk,
            "starts_at": world.at(time(HOURS[number // 3]), DAY).isoformat(),
        }
        asking.request("POST", "/api/v1/appointments/", json.dumps(body), headers)
        answer = asking.getresponse()
        made = json.loads(answer.read())
        assert answer.status == 201, made
        return made["reference"]

    return book


def nothing(asking: http.client.HTTPConnection) -> None:
    """The floor: a request that does nothing."""
    asking.request("GET", "/healthz")
    asking.getresponse().read()


def main() -> None:
    world = build()
    client = Client()
    client.force_login(world.staff, backend="allauth.account.auth_backends.AuthenticationBackend")
    signed_in = client.session
    factors.mark_shown(signed_in, world.staff)
    signed_in.save()
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    _, token = ApiToken.objects.issue(user=world.staff)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with fork_site(workers=2) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        board(page, address, session, world)
        book, answered, asked = booker(world, address, token), [], []
        for number in range(3 * len(HOURS)):
            started = clock.perf_counter()
            reference = book(number)
            booked = clock.perf_counter()
            page.locator(f"[data-reference='{reference}']").wait_for(state="attached", timeout=30_000)
            asked.append(clock.perf_counter() - started)
            answered.append(clock.perf_counter() - booked)
            clock.sleep(0.5)
        empty = http.client.HTTPConnection(urlsplit(address).netloc)
        floor = timed(lambda: nothing(empty), times=50).median
        browser.close()
    report(
        "live",
        [
            figure("shown elsewhere after the answer", spread(answered), floor=floor, goal="≤ 1000 ms"),
            figure("shown elsewhere after asking", spread(asked), floor=floor, floor_is="empty Django view"),
        ],
    )


if __name__ == "__main__":
    main()
