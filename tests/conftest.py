"""What every test shares."""

import os

import pytest
from django.conf import settings
from hypothesis import configuration
from redis import Redis

LONGEST = ("test_access_matrix.py", "test_canaries.py", "test_race_over_http.py")
"""Begun first, so that the workers end at about the same time."""
pytest_plugins = ["tests.cast", "tests.database", "tests.site"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="also run the heavy cases")


def pytest_configure(config: pytest.Config) -> None:
    configuration.set_hypothesis_home_dir(settings.DATA_DIR / "hypothesis")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.path.name.endswith(LONGEST))
    if config.getoption("--full"):
        return
    heavy = pytest.mark.skip(reason="heavy; run with --full")
    for item in items:
        # Not by its keywords, which hold the names of folders too: a clone may lie in one called so.
        if item.get_closest_marker("full"):
            item.add_marker(heavy)


@pytest.fixture(autouse=True)
def empty_redis() -> None:
    """Start every test with a Redis that remembers nothing of the test before."""
    with Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()


@pytest.fixture(autouse=True)
def no_rules_read() -> None:
    """Start every test without the rules of messages that the process read in the one before."""
    from reminders import rules

    rules.forget()


_browser_tests_passed = 0


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    global _browser_tests_passed
    _browser_tests_passed += report.when == "call" and report.passed and "browser" in report.keywords


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where browser tests are required (CI), a run that quietly skipped them all has failed."""
    if hasattr(session.config, "workerinput"):
        return  # one of the workers may have had none; the process that started them counts all
    if os.environ.get("BROWSER_TESTS") == "required" and not _browser_tests_passed and not session.exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print("\nNo browser test ran, and this run requires them.")
