"""How long a search takes: in the service call ready for JSON, and over HTTP, beside reading the masks alone."""

from __future__ import annotations

import http.client
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import django

django.setup()

import psycopg  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from carebridge.accounts.tokens import ApiToken  # noqa: E402
from scheduling import slot_cache  # noqa: E402
from scheduling.api.slot_json import render_slots  # noqa: E402
from scheduling.availability import SlotSearch, find_slots  # noqa: E402
from tests.benchmarks._measure import Figure, figure, report, timed  # noqa: E402
from tests.benchmarks._world import World, analyse, build, fill  # noqa: E402
from tests.concurrency.forked_site import fork_site  # noqa: E402

THREE_YEARS = 3 * 365


def search_for(world: World, *, days: int, doctors: int | None = None) -> SlotSearch:
    """The standard question: this type at every clinic from the Monday on, the first 200 times."""
    return SlotSearch(
        appointment_type_id=world.kind.pk,
        clinic_ids=tuple(clinic.pk for clinic in world.clinics),
        doctor_ids=tuple(doctor.pk for doctor in world.doctors[:doctors]) if doctors else None,
        from_day=world.monday,
        to_day=world.monday + timedelta(days=days - 1),
        now=timezone.now(),
    )


def answer(search: SlotSearch) -> str:
    """What the API would send of a search."""
    return render_slots(find_slots(search))


def masks_alone(world: World, days: int, doctors: int | None = None) -> float:
    """The floor in milliseconds: the ledger's masks of the doctors read with bare psycopg."""
    resources = [doctor.resource_id for doctor in world.doctors[:doctors]]
    statement = "SELECT resource_id, day, busy FROM scheduling_resourceday WHERE resource_id = ANY(%s)"
    statement += " AND day BETWEEN %s AND %s"
    asked = [resources, world.monday, world.monday + timedelta(days=days - 1)]
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as bare:
        return timed(lambda: bare.execute(statement, asked).fetchall()).median


def statements_of(search: SlotSearch) -> Callable[[], None]:
    """A function that sends a warm search's statements again, and does nothing with the rows."""
    sent: list[tuple[str, Any]] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        sent.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        find_slots(search)

    def again() -> None:
        with connection.cursor() as cursor:
            for sql, params in sent:
                cursor.execute(sql, params)
                cursor.fetchall()

    return again


def in_the_service_call(world: World) -> list[Figure]:
    """Each size of search, warm, beside its floor."""
    figures = []
    for what, days, doctors, goal in (
        ("60 doctors × 14 days", 14, None, "≤ 10 ms"),
        ("60 doctors × 90 days", 90, None, "≤ 40 ms"),
        ("1 doctor × 14 days", 14, 1, "≤ 2 ms"),
    ):
        search = search_for(world, days=days, doctors=doctors)
        found = find_slots(search)
        assert found, "the world offers nothing, so nothing would be measured"
        took = timed(lambda search=search: answer(search), times=100)
        alone = timed(lambda search=search: find_slots(search), times=100)
        floor = masks_alone(world, days, doctors)
        figures += [
            figure(f"{what}, ready for JSON", took, floor=floor, floor_is="bare masks", goal=goal),
            figure(f"{what}, the search alone", alone, floor=floor),
            figure(f"{what}, its statements alone", timed(statements_of(search), times=100), floor=floor),
        ]
    return figures


def statements(world: World) -> list[Figure]:
    """How many statements a search takes when every cache is empty, and when none is."""
    search = search_for(world, days=14)
    slot_cache.forget_process()
    cache.clear()
    with CaptureQueriesContext(connection) as cold:
        find_slots(search)
    with CaptureQueriesContext(connection) as warm:
        find_slots(search)
    return [
        Figure("statements of a search, caches empty", len(cold), unit="", goal="≤ 6"),
        Figure("statements of a search, caches warm", len(warm), unit="", goal="≤ 6"),
    ]


def over_http(world: World) -> list[Figure]:
    """60 doctors × 14 days at limit=200 through the whole server, beside a page that does nothing."""
    _, token = ApiToken.objects.issue(user=world.staff)
    asked = [("clinic", clinic.pk) for clinic in world.clinics] + [
        ("appointment_type", world.kind.pk),
        ("from", world.monday.isoformat()),
        ("to", (world.monday + timedelta(days=13)).isoformat()),
        ("limit", 200),
    ]
    with fork_site(workers=2) as address:
        client = http.client.HTTPConnection(urlsplit(address).netloc)
        search = timed(get(client, f"/api/v1/slots/?{urlencode(asked)}", token), times=100, warm_up=30)
        empty = timed(get(client, "/healthz", token), times=100, warm_up=30)
    return [
        figure(
            "60 doctors × 14 days over HTTP",
            search,
            floor=empty.median,
            floor_is="empty Django view",
            goal="≤ 25 ms",
        )
    ]


def get(client: http.client.HTTPConnection, path: str, token: str) -> Callable[[], None]:
    """A function that asks once and insists on 200."""

    def ask() -> None:
        client.request("GET", path, headers={"Authorization": f"Token {token}"})
        response = client.getresponse()
        body = response.read()
        assert response.status == 200, body

    return ask


def with_history(world: World) -> list[Figure]:
    """The same search before and after three years of visits."""
    search = search_for(world, days=14)
    before = timed(lambda: answer(search), times=100)
    fill(world, first_day=-THREE_YEARS, days=THREE_YEARS, every=4)
    analyse()
    after = timed(lambda: answer(search), times=100)
    return [
        figure(
            "60 × 14 after three years of visits", after, floor=before.median, floor_is="before them", goal="≤ 1.1×"
        ),
        Figure(
            "the same, fastest tenth", after.p10, floor=before.p10, floor_is="before them, fastest tenth", goal="≤ 1.1×"
        ),
    ]


def main() -> None:
    world = build()
    report("search", [*in_the_service_call(world), *statements(world), *over_http(world), *with_history(world)])


if __name__ == "__main__":
    main()
