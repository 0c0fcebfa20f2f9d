"""The race of the tests at full length: 64 clients make 2,000 attempts each on 50 slots (ATTEMPTS: another number)."""

from __future__ import annotations

import os
import time as clock
from datetime import time

import django

django.setup()

from carebridge.accounts.tokens import ApiToken  # noqa: E402
from scheduling.models import Appointment  # noqa: E402
from tests.benchmarks._measure import Figure, figure, report, spread  # noqa: E402
from tests.benchmarks._world import DOCTORS_EACH, FILLED_DAYS, HOURS, World, build  # noqa: E402
from tests.concurrency.checks import TWICE_AT_ONCE, deadlocks, number  # noqa: E402
from tests.concurrency.forked_site import fork_site  # noqa: E402
from tests.concurrency.racers import race  # noqa: E402

CLIENTS, SLOTS = 64, 50


def fifty_slots(world: World) -> list[dict]:
    """Free times of seven doctors on a Monday that nobody has filled."""
    monday = 7 * (FILLED_DAYS // 7 + 1)
    patients = [str(patient.pk) for patient in world.patients]
    wishes = [
        {
            "doctor": world.doctors[place].pk,
            "clinic": world.clinics[place // DOCTORS_EACH].pk,
            "appointment_type": world.kind.pk,
            "starts_at": world.at(time(hour), monday).isoformat(),
            "patients": patients,
        }
        for place in range(0, len(world.doctors), 9)
        for hour in HOURS
    ]
    return wishes[:SLOTS]


def main() -> None:
    attempts = int(os.environ.get("ATTEMPTS") or 2000)
    world = build()
    _, token = ApiToken.objects.issue(user=world.staff)
    before, booked, started = deadlocks(), Appointment.objects.count(), clock.perf_counter()
    with fork_site(workers=2) as address:
        outcome = race(address, token, fifty_slots(world), clients=CLIENTS, attempts=CLIENTS * attempts)
    seconds = clock.perf_counter() - started
    lost = spread(outcome.seconds.get(409, [0.0]))
    report(
        "race",
        [
            Figure("attempts", outcome.statuses.total(), unit="", goal=f"{CLIENTS * attempts}"),
            Figure("answered 201", outcome.statuses[201], unit="", goal=f"{SLOTS}"),
            Figure("bookings by SQL", Appointment.objects.count() - booked, unit="", goal=f"{SLOTS}"),
            Figure("overlaps by SQL", number(TWICE_AT_ONCE), unit="", goal="0"),
            Figure("answered ≥ 500", sum(n for s, n in outcome.statuses.items() if s >= 500), unit="", goal="0"),
            Figure("deadlocks", deadlocks() - before, unit="", goal="0"),
            Figure("attempts answered", outcome.statuses.total() / seconds, unit="/s"),
            figure("answer to who lost", lost),
        ],
    )
    print(dict(outcome.codes))


if __name__ == "__main__":
    main()
