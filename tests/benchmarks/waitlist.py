"""How long it takes to find and ask whoever comes first for a time that came free, with 50,000 who wait."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Any

import django

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from scheduling.models import AppointmentType, Patient  # noqa: E402
from tests import factories  # noqa: E402
from tests.benchmarks._measure import figure, report, timed  # noqa: E402
from tests.benchmarks._world import DOCTORS_EACH, World, analyse, build, free_starts  # noqa: E402
from waitlist.eligible import free_starts as free_starts_of  # noqa: E402
from waitlist.eligible import suiting, types_waited_for  # noqa: E402
from waitlist.freed import match  # noqa: E402
from waitlist.matching import rank  # noqa: E402
from waitlist.models import Cause, Entry, FreedSlot, Offer, Urgency  # noqa: E402
from waitlist.offers import seed_of  # noqa: E402

ENTRIES, TYPES, MANY, TIMES = 50_000, 60, 5_000, 60


def main() -> None:
    """Measure freed times whom about 550 would suit, then ones that suit 5,000."""
    world = build()
    kinds = _more_types(world)
    _wait(world, kinds, ENTRIES)
    analyse()
    usual = _freed(world, kinds[0], TIMES + 5)
    floor = timed(lambda: _bare(world, kinds[0]))
    one = next(usual)
    beside: dict[str, Any] = {"floor": floor.median, "floor_is": "who waits for this, as a bare SELECT"}
    figures = [
        figure("who comes first of 50,000", timed(lambda: _look(one), times=TIMES), goal="p95 ≤ 50 ms", **beside),
        figure("the same, and asked", timed(lambda: _match(next(usual)), times=TIMES), **beside),
    ]

    _wait(world, kinds[:1], MANY * 6)
    analyse()
    crowded = _freed(world, kinds[0], TIMES + 5, after=TIMES + 5)
    floor = timed(lambda: _bare(world, kinds[0]))
    one = next(crowded)
    beside["floor"] = floor.median
    figures += [
        figure("who comes first, suiting 5,000", timed(lambda: _look(one), times=TIMES), **beside),
        figure("the same, and asked", timed(lambda: _match(next(crowded)), times=TIMES), **beside),
    ]
    report("waitlist", figures)


def _more_types(world: World) -> list[AppointmentType]:
    """Sixty types, three of which each doctor does beside the first."""
    service = world.kind.service
    kinds = [world.kind, *(factories.AppointmentTypeFactory(service=service) for _ in range(TYPES - 1))]
    for number, doctor in enumerate(world.doctors):
        for kind in kinds[1 + number % 20 * 2 : 4 + number % 20 * 2]:
            factories.OfferingFactory(
                doctor=doctor, appointment_type=kind, clinic=world.clinics[number // DOCTORS_EACH]
            )
    return kinds


def _wait(world: World, kinds: list[AppointmentType], count: int) -> None:
    """So many new people wait, spread over the clinics and types."""
    rng, now = random.Random(7), timezone.now()
    people = Patient.objects.bulk_create(
        [factories.PatientFactory.build(mobile="+447700900123") for _ in range(count)], batch_size=1000
    )
    Entry.objects.bulk_create(
        [
            Entry(
                patient=person,
                appointment_type=kinds[number % len(kinds)],
                clinic=world.clinics[number // len(kinds) % len(world.clinics)],
                urgency=rng.choice((Urgency.ROUTINE, Urgency.ROUTINE, Urgency.SOON)),
                urgency_reason="Pain at night",
                weekdays=rng.choice(([], [], [0, 1, 2, 3, 4])),
                waiting_since=now - timedelta(minutes=rng.randint(1, 100_000)),
            )
            for number, person in enumerate(people)
        ],
        batch_size=1000,
    )


def _freed(world: World, kind: AppointmentType, count: int, *, after: int = 0) -> Iterator[int]:
    now = timezone.now()
    for doctor, clinic, starts_at in itertools.islice(free_starts(world, count + after, first_day=95), after, None):
        slot = FreedSlot.objects.create(
            clinic=clinic,
            doctor=doctor,
            appointment_type=kind,
            cause=Cause.CANCELLED,
            starts_at=starts_at.astimezone(UTC),
            ends_at=starts_at.astimezone(UTC) + timedelta(minutes=30),
            freed_at=now,
            due_at=now,
        )
        yield slot.pk


def _look(slot_id: int) -> None:
    slot, now = FreedSlot.objects.select_related("clinic", "doctor", "appointment_type").get(pk=slot_id), timezone.now()
    starts = free_starts_of(slot, types_waited_for(slot), now)
    assert rank(suiting(slot, starts, now), seed=seed_of(slot)), "it suits nobody, so nothing would be measured"


def _match(slot_id: int) -> Offer:
    offer = match(slot_id)
    assert offer is not None, "nobody was asked, so nothing would be measured"
    return offer


def _bare(world: World, kind: AppointmentType) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, urgency, waiting_since FROM waitlist_entry"
            " WHERE status = 'active' AND appointment_type_id = %s AND clinic_id = %s",
            [kind.pk, world.clinics[0].pk],
        )
        cursor.fetchall()


if __name__ == "__main__":
    main()
