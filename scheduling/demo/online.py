"""What the public may see, ask for or book by itself at the demo's clinics."""

from __future__ import annotations

from scheduling.demo.world import World
from scheduling.models import AppointmentType, OnlineBooking

Mode = OnlineBooking.Mode


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
