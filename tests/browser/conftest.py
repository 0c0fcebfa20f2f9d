"""What every browser test needs done for it."""

from __future__ import annotations

import pytest
from django.db import connections


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Close the test's database sessions while Playwright's event loop still runs.

    Beside a running loop Django keeps connections apart from those of the plain thread. Once the loop is gone nobody
    finds them any more, and the test database could not be dropped.
    """
    connections.close_all()
