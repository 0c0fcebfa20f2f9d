"""How fast visits are booked: alone, by eight for the same slot, and over HTTP, each beside its floor."""

from __future__ import annotations

import os
import time as clock

import django

django.setup()

import psycopg  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from carebridge.accounts.tokens import ApiToken  # noqa: E402
from scheduling.booking import book_appointment  # noqa: E402
from scheduling.errors import SlotTaken  # noqa: E402
from scheduling.models import Appointment  # noqa: E402
from tests.benchmarks._measure import Figure, figure, per_second, report, spread  # noqa: E402
from tests.benchmarks._processes import clients, contest  # noqa: E402
from tests.benchmarks._world import FILLED_DAYS, World, build, free_starts  # noqa: E402
from tests.concurrency.checks import TWICE_AT_ONCE, deadlocks, number  # noqa: E402
from tests.concurrency.forked_site import fork_site  # noqa: E402

ALONE, CONTESTED, OVER_HTTP = 300, 300, 480
CLIENTS = 8


def book(world: World, start: tuple, patient: int) -> Appointment:
    """The whole command for one free start."""
    doctor, clinic, starts_at = start
    return book_appointment(
        patient=world.patients[patient % len(world.patients)],
        appointment_type=world.kind,
        doctor=doctor,
        clinic=clinic,
        starts_at=starts_at,
        by=world.staff,
    )


def alone(world: World, starts: list[tuple]) -> list[Figure]:
    """One process, one booking after another, beside a bare create() of the same model."""
    booked = [book(world, starts.pop(), patient) for patient in range(20)]
    # Rules of messages, content types and the person's roles are known by now, as in any process that serves.
    with CaptureQueriesContext(connection) as queries:
        book(world, starts.pop(), 20)
    rate = per_second(lambda n: book(world, starts[n], n), ALONE)
    like = booked[0]
    facts = {
        field.attname: getattr(like, field.attname)
        for field in Appointment._meta.concrete_fields
        if field.name not in ("id", "reference", "calendar_uid", "status")
    }
    # Cancelled, because a bare row that occupies without a ledger would be refused.
    bare = per_second(lambda n: Appointment.objects.create(status="cancelled", **facts), ALONE)
    statements = [q for q in queries.captured_queries if not q["sql"].startswith(("BEGIN", "COMMIT"))]
    floor_is = "bare Django create()"
    return [
        Figure("statements of a booking", len(statements), unit="", goal="≤ 16"),
        Figure("booking in the command", rate, unit="/s", floor=bare, floor_is=floor_is, goal="≥ 0.08×"),
    ]


def contested(world: World, starts: list[tuple]) -> list[Figure]:
    """Eight processes want the same slot at the same instant, slot after slot."""
    before = deadlocks()

    def attempt(round_: int, process: int) -> bool:
        try:
            book(world, starts[round_], CLIENTS * round_ + process)
        except SlotTaken:
            return False
        return True

    found = contest(attempt, rounds=CONTESTED, processes=CLIENTS)
    floor = contested_floor()
    clock.sleep(1)  # sessions that ended tell their deadlocks a moment later
    return [
        Figure(
            "slots wanted by eight at once",
            CONTESTED / found.seconds,
            unit="/s",
            floor=floor,
            floor_is="lock and insert, bare psycopg",
            goal="≥ 20/s",
        ),
        figure("losers wait", spread(found.losers), goal="p99 ≤ 150 ms"),
        Figure("slots with other than one winner", sum(won != 1 for won in found.winners), unit="", goal="0"),
        Figure("overlaps by SQL", number(TWICE_AT_ONCE), unit="", goal="0"),
        Figure("deadlocks", deadlocks() - before, unit="", goal="0"),
    ]


def contested_floor() -> float:
    """Slots a second when eight bare sessions lock one row and insert beside an exclusion constraint."""
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as bare:
        bare.execute("DROP TABLE IF EXISTS bench_ledger, bench_resource")
        bare.execute("CREATE TABLE bench_resource (id bigint PRIMARY KEY)")
        bare.execute("INSERT INTO bench_resource SELECT generate_series(1, 100)")
        bare.execute(
            "CREATE TABLE bench_ledger (resource bigint, during tstzrange,"
            " EXCLUDE USING gist (resource WITH =, during WITH &&))"
        )
    sessions: dict[int, psycopg.Connection] = {}

    def attempt(round_: int, process: int) -> bool:
        bare = sessions.get(process) or sessions.setdefault(process, psycopg.connect(url))
        with bare.transaction():
            bare.execute("SELECT id FROM bench_resource WHERE id = %s FOR NO KEY UPDATE", [round_ % 100 + 1])
            row = bare.execute(
                "INSERT INTO bench_ledger SELECT %s, tstzrange(s, s + interval '40 min')"
                " FROM (SELECT timestamptz '2030-01-01 00:00Z' + %s * interval '1 h' AS s) t"
                " ON CONFLICT DO NOTHING RETURNING resource",
                [round_ % 100 + 1, round_],
            ).fetchone()
        return row is not None

    found = contest(attempt, rounds=CONTESTED, processes=CLIENTS)
    with psycopg.connect(url, autocommit=True) as bare:
        bare.execute("DROP TABLE bench_ledger, bench_resource")
    return CONTESTED / found.seconds


def over_http(world: World, starts: list[tuple]) -> list[Figure]:
    """Eight clients book different slots as fast as the server answers, beside a page that does nothing."""
    _, token = ApiToken.objects.issue(user=world.staff)

    def request(n: int) -> tuple:
        doctor, clinic, starts_at = starts[n]
        body = {
            "patient": str(world.patients[n % len(world.patients)].pk),
            "appointment_type": world.kind.pk,
            "doctor": doctor.pk,
            "clinic": clinic.pk,
            "starts_at": starts_at.isoformat(),
        }
        return "POST", "/api/v1/appointments/", body

    each = OVER_HTTP // CLIENTS
    wishes = [[request(client * each + n) for n in range(each)] for client in range(CLIENTS)]
    with fork_site(workers=2) as address:
        clients(address, [[("GET", "/api/v1/clinics/", None)] * 10] * CLIENTS, token)
        booked = clients(address, wishes, token)
        empty = clients(address, [[("GET", "/healthz", None)] * each] * CLIENTS, token)
    assert booked.statuses == {201}, booked.statuses
    return [
        Figure(
            "booking over HTTP, 8 clients",
            booked.rate,
            unit="/s",
            floor=empty.rate,
            floor_is="empty Django view",
            goal="≥ 50/s",
        ),
        figure("one booking over HTTP, 8 clients", spread(booked.seconds), floor=spread(empty.seconds).median),
    ]


def main() -> None:
    world = build()
    starts = free_starts(world, ALONE + CONTESTED + OVER_HTTP + 50, first_day=FILLED_DAYS + 1)
    http, starts = starts[:OVER_HTTP], starts[OVER_HTTP:]
    together, starts = starts[:CONTESTED], starts[CONTESTED:]
    report("booking", [*alone(world, starts), *contested(world, together), *over_http(world, http)])


if __name__ == "__main__":
    main()
