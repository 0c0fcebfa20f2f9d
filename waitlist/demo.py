"""Some of the demo's patients wait for an earlier or a first visit."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from scheduling.models import Appointment, AppointmentType, Offering, PatientClinic, Status
from waitlist.demo_history import load_history
from waitlist.models import Cause, Entry, EntryStatus, FreedSlot, OtherClinic, Urgency

SEED = 20_251_126
WAITING_EACH, FREED = 40, 24
"""Entries at each clinic, and freed times in all."""
TIMES: tuple[tuple[list[int], time | None, time | None], ...] = (
    ([], None, None),
    ([0, 2, 4], None, None),
    ([], time(15), None),
    ([], None, time(12)),
    ([1, 3], time(9), None),
)
"""When people can come: weekdays, and the first and last start."""
REASONS = {
    Urgency.SOON: ("Pain at night", "Off work until seen", "Referred as soon as possible"),
    Urgency.URGENT: ("Symptoms are getting worse", "Before surgery next month"),
}


def load_entries(*, now: datetime, say: Callable[[str], None] = lambda line: None) -> bool:
    """Put patients on the waitlist as of `now` (aware), unless anybody is on it already. Whether they were.

    Some times of the coming days that cancelled visits gave back are left for the first sweep to offer; those of the
    last weeks are told as the waitlist's own history.
    """
    offerings = Offering.objects.filter(
        is_active=True,
        appointment_type__is_active=True,
        appointment_type__requires_referral=False,
        appointment_type__sex="",
        appointment_type__patient_kind=AppointmentType.PatientKind.ANY,
    )
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
        _further_choices(rows, rng)
        FreedSlot.objects.bulk_create(_freed(now))
        load_history(rows, now=now, rng=rng)
    say(f"  demo: {len(rows)} patients on the waitlist")
    return True


def _further_choices(entries: list[Entry], rng: random.Random) -> None:
    """Every third is content with another clinic too, where the same visit is done."""
    done_at: dict[int, list[int]] = {}
    for type_id, clinic_id in (
        Offering.objects.filter(is_active=True).values_list("appointment_type", "clinic").distinct()
    ):
        done_at.setdefault(type_id, []).append(clinic_id)
    chosen = ((each, sorted(set(done_at[each.appointment_type_id]) - {each.clinic_id})) for each in entries[::3])
    OtherClinic.objects.bulk_create(
        OtherClinic(entry=each, clinic_id=rng.choice(others), place=2) for each, others in chosen if others
    )


def _freed(now: datetime) -> list[FreedSlot]:
    taken = Appointment.objects.occupying().filter(
        doctor=OuterRef("doctor"), starts_at__lt=OuterRef("ends_at"), ends_at__gt=OuterRef("starts_at")
    )
    lately = Appointment.objects.filter(
        ~Exists(taken),
        status=Status.CANCELLED,
        starts_at__gte=now + timedelta(hours=3),
        starts_at__lt=now + timedelta(days=6),
        appointment_type__in=Entry.objects.values("appointment_type"),
    )
    return [
        FreedSlot(
            clinic_id=each.clinic_id,
            doctor_id=each.doctor_id,
            appointment_type_id=each.appointment_type_id,
            appointment=each,
            cause=Cause.CANCELLED,
            starts_at=each.starts_at,
            ends_at=each.ends_at,
            freed_at=now,
            due_at=now,
        )
        for each in lately.order_by("starts_at", "pk")[:FREED]
    ]


def _at_clinic(clinic_id: int, offerings: list[Offering], now: datetime, rng: random.Random) -> list[Entry]:
    grown_up = {"patient__birth_date__lt": now.date() - timedelta(days=366 * 25), "patient__is_active": True}
    patients = PatientClinic.objects.filter(clinic=clinic_id, **grown_up).order_by("patient")
    known = list(patients.values_list("patient", flat=True)[:400])
    return [
        _entry(patient, rng.choice(offerings), now, rng) for patient in rng.sample(known, min(WAITING_EACH, len(known)))
    ]


def _entry(patient_id: object, offering: Offering, now: datetime, rng: random.Random) -> Entry:
    urgency = rng.choices(list(Urgency), weights=(70, 22, 8))[0]
    since = now - timedelta(days=rng.randint(1, 90), minutes=rng.randint(0, 600))
    weekdays, from_time, until_time = rng.choices(TIMES, weights=(50, 12, 14, 14, 10))[0]
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
        weekdays=weekdays,
        from_time=from_time,
        until_time=until_time,
        notice_minutes=rng.choice((0, 120, 1440)),
        status=EntryStatus.PAUSED if is_paused else EntryStatus.ACTIVE,
        waiting_since=since,
        paused_at=since + (now - since) / 2 if is_paused else None,
    )
