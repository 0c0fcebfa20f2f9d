"""Referrals: one for every visit that needs one, and some that are not used yet."""

from __future__ import annotations

from datetime import date, timedelta

from scheduling.demo.drafts import Visit
from scheduling.demo.world import World
from scheduling.models import Referral

REFERRERS = (
    "Dr Field, Elm Surgery",
    "Dr Nakamura, Quayside Practice",
    "Dr Osborne-Clarke, Weir Lane Surgery",
    "Dr Sethi, Granary Health Centre",
    "Orthopaedic ward, St Brannock’s",
    "Emergency department, St Brannock’s",
    "Ms Abara, community midwife",
)


def make_referrals(world: World) -> None:
    """Write the referrals after the patients, before the visits that use them."""
    numbers = iter(world.rng.sample(range(100_000, 1_000_000), len(world.visits) + len(world.patients)))
    needing = [visit for visit in world.visits if visit.kind.requires_referral]
    used = [(visit, _for_visit(world, visit, next(numbers))) for visit in needing]
    unused = [_unused(world, patient, next(numbers)) for patient in range(0, len(world.patients), 40)]
    Referral.objects.bulk_create([*(referral for _, referral in used), *unused], batch_size=2000)
    for visit, referral in used:
        visit.fields["referral"] = referral
    for visit in world.visits:
        # A moved visit is still the same referral's, also in its earlier life.
        if visit.moved_from and "referral" in visit.fields:
            visit.moved_from.fields["referral"] = visit.fields["referral"]


def _for_visit(world: World, visit: Visit, number: int) -> Referral:
    booked = visit.fields["created_at"].date()
    last = max(booked, world.horizon.last)
    return _referral(world, visit.patient, number, visit.kind.service_id, booked - timedelta(days=60), last)


def _unused(world: World, patient: int, number: int) -> Referral:
    service = world.rng.choice([kind for kind in world.types.values() if kind.requires_referral]).service_id
    return _referral(world, patient, number, service, world.horizon.today - timedelta(days=30), world.horizon.today)


def _referral(world: World, patient: int, number: int, service_id: int, first: date, last: date) -> Referral:
    return Referral(
        patient_id=world.patients[patient].id,
        number=f"REF-{number}",
        referrer=world.rng.choice(REFERRERS),
        service_id=service_id,
        valid_from=first,
        valid_until=last + timedelta(days=world.rng.randint(20, 180)),
        visits_allowed=world.rng.choice((1, 1, 2, 3, 6)),
    )
