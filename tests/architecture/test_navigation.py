"""The navigation shows what a person may open, all of it and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tests.architecture.access import TABLE
from tests.architecture.access.rows import COLUMNS
from tests.architecture.access.world import World, credentials, quietly, standing_world

pytestmark = pytest.mark.django_db
STAFF_SCREENS = ("screens", "accountability", "messages", "rules")
SIGNED_IN = [column for column in COLUMNS if column != "nobody"]

REACHED_OTHERWISE = {
    "/board/": "the home page: without a board to show it says so",
    "/patients/new/": "from a booking and from the search, for a patient not on file",
    "/patients/identify/": "from a booking and from the search, for a patient of another clinic",
    "/emergency/banner/": "a part of every page, asked for when a countdown ends",
    "/waitlist/import/": "a button of the waitlist",
    "/waitlist/export/": "a button of the waitlist",
    "/audit/refused/": "a tab of the audit trail for those who see all of it",
    "/audit/export/": "a button of the audit trail",
    "/api-access/": "whoever lost every role may still end their own tokens",
    "/api-access/accounts/": "a tab of API access",
    "/replies/": "a card on the page of messages",
    "/waitlist/offers/": "the part of the waitlist that follows who is being asked",
    "/waitlist/history/": "a link on the page of the waitlist",
    "/reminders/rules/": "a button on the page of messages",
    "/reminders/effect/": "a button on the page of messages",
    "/dev/outbox/": "a button on the page of messages, where nothing is really sent",
}
"""Screens that somebody may open and the navigation doesn't show them, each with where it leads from."""


class Links(HTMLParser):
    """The addresses that links around a page's content lead to: the rail with its menu, and the top bar."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if (tag, given.get("class")) in {("nav", "rail"), ("header", "topbar")}:
            self.inside.append(tag)
        if self.inside and tag == "a" and (given.get("href") or "").startswith("/"):
            self.found.add(str(given["href"]))

    def handle_endtag(self, tag: str) -> None:
        if self.inside and tag == self.inside[-1]:
            self.inside.pop()


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), quietly(), standing_world() as built:
        yield built


def signed_in(world: World, column: str) -> Client:
    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = credentials(world.people[column])[0]
    return client


def shown(client: Client) -> set[str]:
    links = Links()
    links.feed(client.get("/api-access/").content.decode())  # a page that everybody may open
    return links.found


def screens() -> list[str]:
    """Every screen with an address of its own, without words to fill in."""
    paths = (row.path for name in STAFF_SCREENS for row in TABLE[name] if row.method == "GET")
    return sorted({f"/{path}" for path in paths if "{" not in path and "?" not in path and "0000" not in path})


@pytest.mark.parametrize("column", SIGNED_IN)
def test_every_link_that_somebody_is_shown_opens(column, world):
    client = signed_in(world, column)

    answers = {address: client.get(address).status_code for address in shown(client)}

    assert "/accounts/" in answers
    assert set(answers.values()) == {200}, answers


@pytest.mark.parametrize("column", SIGNED_IN)
def test_what_somebody_is_not_shown_they_may_not_open(column, world):
    client = signed_in(world, column)
    hidden = set(screens()) - shown(client) - REACHED_OTHERWISE.keys()

    answers = {address: client.get(address).status_code for address in hidden}

    assert {address: status for address, status in answers.items() if status not in (403, 404)} == {}


def test_what_is_reached_otherwise_is_a_screen_that_somebody_is_not_shown(world):
    for address in REACHED_OTHERWISE:
        assert address in screens()
        assert any(address not in shown(signed_in(world, column)) for column in SIGNED_IN), address


def test_the_roles_are_shown_different_doors(world):
    rails = {column: shown(signed_in(world, column)) for column in SIGNED_IN}

    assert {"/find/", "/search/", "/emergency/"} <= rails["receptionist"]
    assert "/roster/block/" in rails["manager"] - rails["receptionist"]
    assert "/audit/" in rails["sysadmin"] - rails["support"]
    assert rails["no_role"] == {"/", "/accounts/"}
