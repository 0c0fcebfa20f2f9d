"""A booking that is being made: the chosen time, for whom, the hold on it, and what the rules say of it so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.db.models import QuerySet
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.errors import DomainError
from scheduling import availability, holds, policies
from scheduling.forms import BookingForm
from scheduling.models import (
    Appointment,
    AppointmentType,
    Clinic,
    Doctor,
    Patient,
    Referral,
    Resource,
    ResourceKind,
)
from scheduling.models.appointment import UPCOMING
from scheduling.periods import wall_clock
from scheduling.permissions import may
from scheduling.placement import Wish, load_patient_facts
from scheduling.reasons import Reason
from scheduling.roles import Permission
from scheduling.views.found import Offer, offer_of, row_key


@dataclass
class Draft:
    """Everything the booking drawer shows. `attempt` names the hold in the session; the owner token stays there."""

    user: User
    appointment_type: AppointmentType
    doctor: Doctor
    clinic: Clinic
    starts_at: datetime
    patient: Patient | None
    moving: Appointment | None
    attempt: str
    owner: str
    hold: holds.Hold | None = None
    holds_down: bool = False
    error: DomainError | None = None
    now: datetime = field(default_factory=timezone.now)
    form: BookingForm = field(default_factory=BookingForm)

    @property
    def start(self) -> datetime:
        """On the clinic's clock."""
        return wall_clock(self.starts_at, self.clinic.zone)

    @property
    def slot(self) -> str:
        return f"{self.doctor.pk}.{self.clinic.pk}.{self.starts_at.isoformat()}"

    @cached_property
    def explanation(self) -> availability.Explanation:
        """What the same rules as booking's say of this time right now."""
        return availability.explain_slot(
            appointment_type_id=self.appointment_type.pk,
            doctor_id=self.doctor.pk,
            clinic_id=self.clinic.pk,
            starts_at=self.starts_at,
            now=self.now,
            owner=self.owner,
            ignoring=self.moving.pk if self.moving else None,
        )

    @cached_property
    def also_booked(self) -> Sequence[Appointment]:
        """The patient's other visits to come, as far as the user may see them."""
        if self.patient is None:
            return []
        return list(
            Appointment.objects.visible_to(self.user)
            .filter(patient=self.patient, status__in=UPCOMING, starts_at__gt=self.now)
            .exclude(pk=self.moving.pk if self.moving else 0)
            .select_related("appointment_type__service", "doctor", "clinic")[:3]
        )

    @cached_property
    def referrals(self) -> Sequence[Referral]:
        """The patient's referrals that fit the service and the day."""
        if self.patient is None:
            return []
        fitting = (None, self.appointment_type.service_id)
        day = self.start.date()
        rows = Referral.objects.filter(patient=self.patient, valid_from__lte=day, valid_until__gte=day)
        return [row for row in rows if row.service_id in fitting]

    @property
    def referral_choices(self) -> QuerySet[Referral]:
        """The same referrals as a form field takes them."""
        return Referral.objects.filter(pk__in=[row.pk for row in self.referrals])

    @cached_property
    def reasons(self) -> Sequence[Reason]:
        """Every rule against this booking as it stands: the time's own, then the patient's."""
        return [*self.explanation.reasons, *self._patient_reasons()]

    def _patient_reasons(self) -> Sequence[Reason]:
        if self.patient is None:
            return []
        referral = self.referrals[0] if self.referrals else None
        wish = Wish(
            patient=self.patient,
            appointment_type=self.appointment_type,
            doctor=self.doctor,
            clinic=self.clinic,
            starts_at=self.starts_at,
            now=self.now,
            referral=referral,
            ignoring=self.moving.pk if self.moving else None,
        )
        facts = load_patient_facts(wish, minutes=self.appointment_type.duration_minutes)
        return [
            *policies.eligibility(self.appointment_type, self.patient, self.start.date(), facts, referral),
            *policies.patient_load(self.clinic, facts),
        ]

    @property
    def may_override(self) -> bool:
        """Whether every rule against it can be set aside, and by this user."""
        overridable = bool(self.reasons) and all(reason.overridable for reason in self.reasons)
        return overridable and may(self.user, Permission.OVERRIDE, self.clinic.pk)

    @property
    def past_cutoff(self) -> bool:
        """Whether moving the old visit needs an exception with a reason."""
        old = self.moving
        return (
            old is not None and policies.reschedule_cutoff(old.appointment_type, old.clinic, old.starts_at) < self.now
        )

    @cached_property
    def places(self) -> Sequence[Resource]:
        """Rooms and equipment that would serve, in the order they are asked for."""
        ids = list(self.explanation.resources)
        rows = Resource.objects.visible_to(self.user).in_bulk(ids)
        return [rows[pk] for pk in ids if pk in rows and pk != self.doctor.resource_id]

    @property
    def room(self) -> str:
        return next((each.name for each in self.places if each.kind == ResourceKind.ROOM), "")

    @property
    def row_key(self) -> str:
        """The row of the found times that this time stands in."""
        return row_key(self.doctor.pk, self.clinic.pk, self.start)

    @property
    def age(self) -> int:
        """The patient's full years on the day of the visit."""
        return self.patient.age_on(self.start.date()) if self.patient else 0

    @cached_property
    def nearest(self) -> Sequence[Offer]:
        """Up to three free times close to the refused one; another doctor's say whose they are."""
        found = self.error.detail.get("nearest") if self.error else None
        slots = (found or self.explanation.nearest)[:3]
        others = {slot.doctor_id for slot in slots} - {self.doctor.pk}
        names = Doctor.objects.visible_to(self.user).in_bulk(others) if others else {}
        known = [slot for slot in slots if slot.doctor_id == self.doctor.pk or slot.doctor_id in names]
        return [
            offer_of(slot, self.clinic, names[slot.doctor_id].short_name if slot.doctor_id in names else "")
            for slot in known
        ]

    @property
    def is_lost(self) -> bool:
        """Whether this time can't be booked by anybody here, whoever comes: another one must be chosen."""
        return bool(self.explanation.reasons) and not self.may_override

    @property
    def error_says_saved(self) -> bool:
        """Whether the refusal's own sentence already tells that nothing was saved."""
        return self.error is not None and "nothing was saved" in self.error.message.lower()

    @property
    def summary(self) -> Sequence[availability.Check]:
        """What was checked a moment ago: the time, then the patient."""
        checks = [check for check in self.explanation.checks if check.ok]
        if self.patient is not None and not self.also_booked:
            checks.append(availability.Check(True, f"No other visit is booked for {self.patient.given_name}"))
        return checks

    @property
    def sees_contacts(self) -> bool:
        return may(self.user, Permission.SEE_CONTACTS, self.clinic.pk)
