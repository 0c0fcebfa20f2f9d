"""The whole way, from rows and Redis to slots, against the oracle that reads the same rows with the plain ORM."""

from __future__ import annotations

from random import Random

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from scheduling import slot_cache
from scheduling.availability import (
    SlotSearch,
    assess,
    count_days,
    find_slots,
    find_slots_of_types,
    first_available,
    fresh_facts,
    load_plan,
)
from scheduling.models import AppointmentType, Clinic, Doctor, ExtraSession, Resource, WorkingHours
from tests.scheduling import oracle
from tests.scheduling.random_clinics import random_world
from tests.scheduling.stored_worlds import read_world, store

HIGHEST = 20_000


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(16))
def test_what_the_database_says_is_what_search_offers(seed):
    made, first, last, now = random_world(Random(seed))
    type_ids = list(store(made, first).values())
    world = read_world(type_ids, (first, last))
    clinics = sorted(world.places)
    by_type = {}

    for type_id in type_ids:
        for chosen in ([clinics[0]], [clinics[1]], clinics):
            for to_day in (first, last):
                search = SlotSearch(
                    appointment_type_id=type_id,
                    clinic_ids=tuple(chosen),
                    from_day=first,
                    to_day=to_day,
                    now=now,
                    limit=HIGHEST,
                )
                with CaptureQueriesContext(
                    connection,
                ) as statements:
                    found = find_slots(search)
                assert len(statements) <= 6
                expected = oracle.free_times(world, type_id, chosen, first, to_day, now)
                assert [(slot.starts_at, slot.doctor_id, slot.clinic_id) for slot in found] == expected
        assert sum(count_days(search).values()) == len(found)
        check_first(search, found)
        check_bookable(type_id, found[:: max(1, len(found) // 3)], now)
        by_type[type_id] = found
    assert find_slots_of_types(search, type_ids) == by_type


def check_first(search: SlotSearch, found: list) -> None:
    earliest = first_available(search)
    if found:
        assert earliest == found[0]
    elif earliest is not None:
        assert earliest.starts_at > search.now


def check_bookable(type_id: int, slots: list, now) -> None:
    """Booking, which reads rows afresh, accepts what search offered, with the very same resources."""
    for slot in slots:
        kind, doctor = AppointmentType.objects.get(pk=type_id), Doctor.objects.get(pk=slot.doctor_id)
        plan = load_plan(kind, doctor, Clinic.objects.get(pk=slot.clinic_id))
        found = assess(plan=plan, starts_at=slot.starts_at, facts=fresh_facts(plan, slot.starts_at), now=now)
        assert found.reasons == ()
        assert found.resource_ids == slot.resource_ids


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("redis_is", ["here", "away"])
def test_rosters_from_the_cache_give_the_same_times(redis_is, settings):
    made, first, last, now = random_world(Random(7))
    made.held = []
    with transaction.atomic():
        type_id, *_ = store(made, first).values()
    world = read_world([type_id], (first, last))
    if redis_is == "away":
        dead = "redis://127.0.0.1:1/0"
        settings.REDIS_URL = dead
        settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": dead}}
    search = SlotSearch(
        appointment_type_id=type_id,
        clinic_ids=tuple(sorted(world.places)),
        from_day=first,
        to_day=last,
        now=now,
        limit=HIGHEST,
    )
    expected = oracle.free_times(world, type_id, sorted(world.places), first, last, now)
    assert expected

    slot_cache.forget_process()
    assert search_twice(search) == [(expected, 4), (expected, 3)]
    slot_cache.forget_process()
    assert search_twice(search) == [(expected, 3 if redis_is == "here" else 4), (expected, 3)]


def search_twice(search: SlotSearch) -> list[tuple[list, int]]:
    """What is found, and in how many statements, twice in a row."""
    answers = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as statements:
            found = find_slots(search)
        answers.append(([(slot.starts_at, slot.doctor_id, slot.clinic_id) for slot in found], len(statements)))
    return answers


@pytest.mark.django_db(transaction=True)
def test_a_raised_version_abandons_what_was_cached():
    with transaction.atomic():
        made, first, last, now = random_world(Random(7))
        made.held = []
        type_id, *_ = store(made, first).values()
    clinics = tuple(Clinic.objects.values_list("pk", flat=True))
    search = SlotSearch(
        appointment_type_id=type_id, clinic_ids=clinics, from_day=first, to_day=last, now=now, limit=HIGHEST
    )
    assert find_slots(search)

    WorkingHours.objects.all().delete()
    ExtraSession.objects.all().delete()
    Resource.objects.update(schedule_version=F("schedule_version") + 1)
    Clinic.objects.update(schedule_version=F("schedule_version") + 1)

    assert find_slots(search) == []
