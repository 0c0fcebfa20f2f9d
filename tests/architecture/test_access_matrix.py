"""Role by clinic by address by method: what everybody is answered, and that no address was left out."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db import transaction
from django.test import Client
from redis import Redis

from tests.architecture.access import TABLE, every_row, routes
from tests.architecture.access.admin_pages import ADMIN, Pages, rows_of
from tests.architecture.access.entrance import ANY_METHOD, ELSEWHERE
from tests.architecture.access.rows import COLUMNS, Row, filled
from tests.architecture.access.world import Words, World, credentials, quietly, standing_world

pytestmark = pytest.mark.django_db

Ask = Callable[[Row, str, Words], str]
COMES_BACK = {"GET", "HEAD", "OPTIONS"}
REFUSED = {"401", "403", "404", "405"}
UUIDS = ("patient", "colleague_patient", "member", "message", "boxed", "asked", "practice_id")


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Built once: every request is taken back."""
    with django_db_blocker.unblock(), quietly(), standing_world() as built:
        yield built


@pytest.fixture(scope="module")
def ask(world: World) -> Ask:
    """Sends a row's request as one column's person and takes back whatever it changed."""
    known = {name: credentials(user) for name, user in world.people.items()}
    redis = Redis.from_url(settings.REDIS_URL)
    client = Client(raise_request_exception=False)

    def answer(row: Row, column: str, words: Words) -> str:
        cookie, token = known.get(column, ("", ""))
        client.cookies.clear()
        body: object = {key: filled(value, words) for key, value in row.send.items()}
        extra: dict[str, object] = {}
        if row.path.startswith("api/v1/"):
            extra["headers"] = {"authorization": f"Token {token}"} if token else {}
            if row.method != "GET":
                body, extra["content_type"] = json.dumps(body), "application/json"
        elif cookie:
            client.cookies[settings.SESSION_COOKIE_NAME] = cookie
        with transaction.atomic():
            response = getattr(client, row.method.lower())(f"/{filled(row.path, words)}", body, **extra)
            transaction.set_rollback(True)
        if row.method not in COMES_BACK:
            redis.flushdb()
        asks_to_sign_in = response.status_code == 302 and "/login/" in response.headers.get("location", "")
        return "in" if asks_to_sign_in else str(response.status_code)

    return answer


def differences(rows: Iterable[Row], world: World, ask: Ask) -> list[str]:
    """Every answer that isn't the table's, as lines to read."""
    found = []
    for row in rows:
        for clinic, words, wanted in (("own", world.own, row.own), ("other", world.other, row.other)):
            if wanted is not None and (got := {column: ask(row, column, words) for column in COLUMNS}) != wanted:
                found.append(f"{row.name} ({clinic} clinic)\n  table {_line(wanted)}\n  site  {_line(got)}")
        if "{visit}" in row.path and (answer := ask(row, "doctor", world.colleague)) not in {"404", "401"}:
            found.append(f"{row.name}: a doctor gets {answer} for a colleague's visit")
    return found


def _line(answers: Mapping[str, str]) -> str:
    return " ".join(f"{answers[column]:>3}" for column in COLUMNS)


@pytest.mark.parametrize("rows", TABLE.values(), ids=TABLE.keys())
def test_everybody_is_answered_as_the_table_says(rows, world, ask):
    wrong = differences(rows, world, ask)

    assert not wrong, "\n".join(["", "columns: " + " ".join(COLUMNS), *wrong])


def test_the_admin_answers_as_the_table_says(world, ask):
    wrong = []
    for pages in ADMIN:
        own, other = (_row_at(pages, words["clinic"]) for words in (world.own, world.other))
        wrong += differences(rows_of(pages, own, other if pages.clinic else None), world, ask)

    assert not wrong, "\n".join(["", "columns: " + " ".join(COLUMNS), *wrong])


def _row_at(pages: Pages, clinic: str) -> str:
    rows = apps.get_model(pages.model)._default_manager.order_by("pk")
    return quote(
        str(rows.filter(**{pages.clinic: clinic} if pages.clinic else {}).values_list("pk", flat=True).first() or 1)
    )


def asserted_routes() -> set[str]:
    """The routes that some row asks for. Words stand for anything that their route takes."""
    some = defaultdict(lambda: "1", {"visit": "CB-2222-2222", **{word: str(UUID(int=1)) for word in UUIDS}})
    found = {routes.route_of(filled(row.path, some)) for row in every_row()}
    for pages in ADMIN:
        found |= {routes.route_of(row.path) for row in rows_of(pages, "1", None)}
    return found


def test_every_address_has_a_row():
    missing = routes.http_routes() - asserted_routes() - set(ELSEWHERE)

    assert not missing, "Add rows in tests/architecture/access/ for:\n" + "\n".join(sorted(missing))


def test_no_row_is_about_an_address_that_is_gone():
    assert set(ELSEWHERE) <= routes.http_routes()
    assert {pages.model for pages in ADMIN} == {model._meta.label_lower for model in admin.site._registry}


def test_what_a_row_does_not_name_is_not_served(world, ask):
    """Every other method on every address is refused, even to those who configure the clinic."""
    named = defaultdict(set)
    for row in every_row():
        named[routes.route_of(filled(row.path, world.own))].add(row.method)
    wrong = []
    for route, row in {routes.route_of(filled(row.path, world.own)): row for row in every_row()}.items():
        if ANY_METHOD.intersection(route.split("/")[:1]):
            continue
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - named[route]:
            tried = replace(row, method=method, send={})
            answers = {column: ask(tried, column, world.own) for column in ("clinic_admin", "sysadmin")}
            wrong += [f"{tried.name}: {column} gets {got}" for column, got in answers.items() if got not in REFUSED]

    assert not wrong, "\n".join(wrong)
