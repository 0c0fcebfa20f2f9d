"""The page on which the REST API can be read and tried."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


def test_the_page_works_offline_and_breaks_no_content_policy(site, browser):
    said: list[str] = []
    asked: list[str] = []
    page = browser.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site}/api/docs/")
    page.get_by_text("Free times").first.wait_for(timeout=30_000)

    assert not [text for text in said if "Content Security Policy" in text]
    assert {url for url in asked if not url.startswith((site, "data:"))} == set()
