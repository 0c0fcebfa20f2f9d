"""What the public, and practices that refer, may see, ask for or book by themselves at the demo's clinics."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from scheduling.demo.world import World
from scheduling.models import AppointmentType, OnlineBooking, ReferrerLink, SelfBooking

Mode = OnlineBooking.Mode
WISHES = (
    "Mornings suit me best, not Thursdays. The tablets make me dizzy since last week.",
    "Any day after 4pm, I come straight from work",
    "As soon as possible please, the results are back",
    "Could it be by telephone? I can't get away before Christmas",
)


def open_to_the_public(world: World) -> None:
    """Most are booked, returning patients ask, what needs a referral is only seen, urgent ones stay hidden."""
    performed = {
        (offering.clinic_id, offering.appointment_type_id): offering.appointment_type
        for group in world.offerings.values()
        for offering in group
    }
    OnlineBooking.objects.bulk_create(
        OnlineBooking(clinic_id=clinic_id, appointment_type=kind, mode=_mode(kind))
        for (clinic_id, _), kind in performed.items()
        if "urgent" not in kind.name.lower()
    )


def _mode(kind: AppointmentType) -> OnlineBooking.Mode:
    if kind.requires_referral:
        return Mode.SEE
    return Mode.REQUEST if kind.patient_kind == AppointmentType.PatientKind.RETURNING else Mode.BOOK


def make_requests(world: World) -> None:
    """Some patients asked for a visit where one isn't booked online, and wait. After the visits are written."""
    asked = {
        (row.clinic_id, row.appointment_type_id)
        for row in OnlineBooking.objects.filter(mode=Mode.REQUEST, clinic__in=world.clinics.values())
    }
    seen = [visit for visit in world.visits if (visit.clinic_id, visit.kind.pk) in asked]
    now = timezone.now()
    SelfBooking.objects.bulk_create(
        SelfBooking(
            patient_id=world.patients[visit.patient].id,
            clinic_id=visit.clinic_id,
            appointment_type=visit.kind,
            is_request=True,
            wishes=words,
            medium=SelfBooking.Medium.SMS,
            code_sent_at=now,
            expires_at=now + timedelta(minutes=10),
            verified_at=now - timedelta(hours=3 * number),
        )
        for number, (visit, words) in enumerate(zip(seen[:: max(1, len(seen) // 24)], WISHES * 6, strict=False))
    )


def make_referrer_links(world: World) -> None:
    """At the first clinic a surgery nearby books what needs a referral, and another asks."""
    clinic = min(world.clinics.values(), key=lambda each: each.position)
    offered = {offering.appointment_type for group in world.offerings.values() for offering in group}
    kinds = [kind for kind in offered if kind.requires_referral and kind.offerings.filter(clinic=clinic).exists()]
    until = timezone.now() + timedelta(days=91)
    for referrer, mode in (
        ("Quay Street Surgery", ReferrerLink.Mode.BOOK),
        ("Dr Lindqvist", ReferrerLink.Mode.REQUEST),
    ):
        link = ReferrerLink.objects.create(
            referrer=referrer, clinic=clinic, mode=mode, most_patients=20, expires_at=until
        )
        link.appointment_types.set(kinds)
