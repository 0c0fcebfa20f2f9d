"""Waiting for what a page works out by itself."""

from __future__ import annotations

from playwright.sync_api import Frame, Page

LOOK = """(seconds) => new Promise((holds, fails) => {
  const until = performance.now() + seconds * 1000;
  const look = () => (%s) ? holds() : performance.now() > until ? fails(new Error("never")) : setTimeout(look, 20);
  look();
})"""


def wait_until(page: Page | Frame, expression: str, seconds: int = 30) -> None:
    """Wait until a JavaScript expression holds. Playwright's own way needs `eval`, which our pages forbid."""
    page.evaluate(LOOK % expression, seconds)
