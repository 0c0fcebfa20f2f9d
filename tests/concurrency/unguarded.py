"""The commands without their locks, to prove that the races would see a collision.

As long as the ledger's constraint stands it still refuses, so a twin that must collide drops that too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from django.db import connection, models

from scheduling import booking, cancelling, lapsing, ledger, rescheduling, resizing
from scheduling.models import Appointment, Patient, Resource
from waitlist import offers


def read_patient(patient_id: object) -> Patient:
    return Patient.objects.get(pk=patient_id)


def read_patients(ids: Collection[object]) -> dict[object, Patient]:
    return {patient.pk: patient for patient in Patient.objects.filter(pk__in=ids)}


def read_appointments(ids: Collection[int]) -> list[Appointment]:
    related = ("appointment_type__service", "clinic", "doctor__resource", "patient")
    return list(Appointment.objects.select_related(*related).filter(pk__in=ids).order_by("pk"))


def read_resources(ids: Collection[int]) -> list[int]:
    return list(Resource.objects.filter(pk__in=ids, is_active=True).order_by("pk").values_list("pk", flat=True))


def take_locks_away(put: Callable[[object, str, object], None] = setattr) -> None:
    """Let every command of this process read where it should lock; `put` as setattr, or a monkeypatch's."""
    put(ledger, "lock_resources", read_resources)
    put(rescheduling, "lock_patients", read_patients)
    for module in (booking, cancelling, rescheduling, resizing):
        put(module, "lock_patient", read_patient)
    for module in (booking, lapsing, cancelling, rescheduling, resizing):
        put(module, "lock_appointments", read_appointments)


def read_in_order(model: type[models.Model], keys: Collection[object]) -> list[models.Model]:
    return list(model.objects.filter(pk__in=keys).order_by("pk"))


def take_the_waitlists_locks_away(put: Callable[[object, str, object], None] = setattr) -> None:
    """The same for offers: whether a time is still to be offered, or somebody still waits, is read unlocked."""
    take_locks_away(put)
    for name, reading in OF_OFFERS.items():
        put(offers, name, reading)


OF_OFFERS = {"lock_in_order": read_in_order, "lock_patient": read_patient, "lock_appointments": read_appointments}

assert all(hasattr(offers, name) for name in OF_OFFERS)
assert all(hasattr(module, "lock_patient") for module in (booking, cancelling, rescheduling, resizing))
assert all(hasattr(module, "lock_appointments") for module in (booking, lapsing, cancelling, rescheduling, resizing))
assert hasattr(rescheduling, "lock_patients")


@contextmanager
def no_constraint() -> Iterator[None]:
    """Drop the ledger's constraint for the block. What was booked meanwhile is thrown away, for it may overlap."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE scheduling_allocation DROP CONSTRAINT allocation_no_overlap")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE scheduling_allocation, scheduling_appointment CASCADE")
            cursor.execute(
                "ALTER TABLE scheduling_allocation ADD CONSTRAINT allocation_no_overlap EXCLUDE USING gist"
                " (resource_id WITH =, during WITH &&) WHERE (released_at IS NULL AND NOT overbooked)"
            )


@contextmanager
def no_index_of_offers() -> Iterator[None]:
    """Drop the index that lets one person have a time at once. The offers must be gone when the block ends."""
    index = "waitlist_one_person_at_a_time"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_indexdef(%s::regclass)", [index])
        (definition,) = cursor.fetchone()
        cursor.execute(f"DROP INDEX {index}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(definition)
