"""What a page must be for everybody, as far as a program can tell."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Page

STILL = """() => {
  const ends = (moving) => Number.isFinite(moving.effect.getComputedTiming().endTime);
  return Promise.allSettled(document.getAnimations().filter(ends).map((moving) => moving.finished));
}"""


def assert_accessible(page: Page | Frame) -> None:
    """The page breaks no rule that axe knows. It is asked once styles are there and colours have changed over."""
    page.wait_for_load_state()
    page.evaluate(STILL)
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
