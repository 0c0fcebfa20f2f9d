"""Some of the demo's patients wait for an earlier or a first visit."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from scheduling.models import Offering, PatientClinic
from waitlist.models import Entry, EntryStatus, Urgency

SEED = 20_251_126
WAITING_EACH = 12
"""Entries at each clinic."""
REASONS = {
    Urgency.SOON: ("Pain at night", "Off work until seen", "Referred as soon as possible"),
    Urgency.URGENT: ("Symptoms are getting worse", "Before surgery next month"),
}


def load_entries(*, now: datetime, say: Callable[[str], None] = lambda line: None) -> bool:
    """Put patients on the waitlist as of `now` (aware), unless anybody is on it already. Whether they were."""
    offerings = Offering.objects.filter(is_active=True, appointment_type__is_active=True)
    if Entry.objects.exists() or not offerings.exists():
        return False
    rng = random.Random(SEED)  # noqa: S311 - invented people, no secrets
    with transaction.atomic():
        rows = [
            row
            for clinic in offerings.order_by("clinic").values_list("clinic", flat=True).distinct()
            for row in _at_clinic(clinic, list(offerings.filter(clinic=clinic).order_by("pk")), now, rng)
        ]
        Entry.objects.bulk_create(rows)
    say(f"  demo: {len(rows)} patients on the waitlist")
    return True


def _at_clinic(clinic_id: int, offerings: list[Offering], now: datetime, rng: random.Random) -> list[Entry]:
    patients = PatientClinic.objects.filter(clinic=clinic_id, patient__is_active=True).order_by("patient")
    known = list(patients.values_list("patient", flat=True)[:400])
    return [
        _entry(patient, rng.choice(offerings), now, rng) for patient in rng.sample(known, min(WAITING_EACH, len(known)))
    ]


def _entry(patient_id: object, offering: Offering, now: datetime, rng: random.Random) -> Entry:
    urgency = rng.choices(list(Urgency), weights=(70, 22, 8))[0]
    since = now - timedelta(days=rng.randint(1, 90), minutes=rng.randint(0, 600))
    wishes_doctor, is_paused = rng.random() < 0.4, rng.random() < 0.1
    return Entry(
        patient_id=patient_id,
        appointment_type_id=offering.appointment_type_id,
        clinic_id=offering.clinic_id,
        doctor_id=offering.doctor_id if wishes_doctor else None,
        doctor_is_must=wishes_doctor and rng.random() < 0.3,
        urgency=urgency,
        urgency_reason=rng.choice(REASONS.get(urgency, ("",))),
        latest_day=(now + timedelta(days=rng.randint(10, 40))).date() if urgency == Urgency.URGENT else None,
        status=EntryStatus.PAUSED if is_paused else EntryStatus.ACTIVE,
        waiting_since=since,
        paused_at=since + (now - since) / 2 if is_paused else None,
    )
