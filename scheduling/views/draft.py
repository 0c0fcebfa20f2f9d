"""A booking that is being made: the chosen time, for whom, the hold on it, and what the rules say of it so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.http import QueryDict
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.errors import DomainError, InvalidInput
from carebridge.http import StaffRequest
from scheduling import availability, holds, periods, policies
from scheduling.errors import HoldGone, HoldsUnavailable
from scheduling.forms import AnyTimeForm, BookingForm, ChosenTimeForm
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
from scheduling.permissions import Permission, may, require
from scheduling.placement import Wish, load_patient_facts
from scheduling.reasons import Reason
from scheduling.views.attempts import hold_id_of, new_owner, owner_of, release, remember_attempt
from scheduling.views.found import Offer, offer_of, row_key
from scheduling.views.reach import chosen_patient, visible, visible_appointment


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
        """Up to three free times close to the refused one."""
        slots = self.error.detail.get("nearest") if self.error else None
        return [offer_of(slot, self.clinic) for slot in (slots or self.explanation.nearest)[:3]]

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


def load_draft(request: StaffRequest) -> Draft:
    """The draft that a form post describes, from rows the user may see and book.

    Raises InvalidInput for a malformed time, Http404 for what the user can't see, NotAllowed where they may not book.
    """
    user = request.user
    form = ChosenTimeForm(_asked(request, user))
    if not form.is_valid():
        raise InvalidInput(" ".join(message for errors in form.errors.values() for message in errors))

    doctor_id, clinic_id, starts_at = form.cleaned_data["slot"]
    clinic = visible(Clinic.objects.visible_to(user).active(), clinic_id)
    require(user, Permission.BOOK, clinic.pk)
    moving = visible_appointment(user, form.cleaned_data["move"])
    attempt = form.cleaned_data["hold"]
    draft = Draft(
        user=user,
        appointment_type=visible(
            AppointmentType.objects.visible_to(user).select_related("service"), form.cleaned_data["type"]
        ),
        doctor=visible(Doctor.objects.visible_to(user), doctor_id),
        clinic=clinic,
        starts_at=starts_at,
        patient=moving.patient if moving else chosen_patient(request, form.cleaned_data["patient"]),
        moving=moving,
        attempt=attempt,
        owner=owner_of(request, attempt),
    )
    draft.form = booking_form(request, draft)
    return draft


def _asked(request: StaffRequest, user: User) -> QueryDict:
    """The post, with a time asked about in words ("Check this time") turned into a slot."""
    if request.POST.get("slot") != "ask":
        return request.POST
    form = AnyTimeForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("Say which doctor, clinic, day and time.")
    asked = form.cleaned_data
    clinic = visible(Clinic.objects.visible_to(user).active(), asked["ask_clinic"])
    start = periods.to_utc(asked["ask_day"], asked["ask_time"], clinic.zone)
    data = request.POST.copy()
    data["slot"] = f"{asked['ask_doctor']}.{clinic.pk}.{start.isoformat()}"
    return data


def booking_form(request: StaffRequest, draft: Draft) -> BookingForm:
    """The drawer's fields with what was typed so far, so that choosing another time loses nothing."""
    typed = request.POST if "channel" in request.POST or "notes" in request.POST else None
    referrals = Referral.objects.filter(pk__in=[row.pk for row in draft.referrals])
    initial = {"referral": draft.referrals[0].pk if draft.referrals else None, "channel": "desk"}
    return BookingForm(typed, referrals=referrals, initial=initial, auto_id="booking_%s")


def hold_time(request: StaffRequest, draft: Draft) -> None:
    """Hold the draft's time for a fresh attempt, giving back what the last attempt held.

    Without Redis the draft says so and booking goes on. Raises SlotHeld, SlotTaken or SlotUnavailable.
    """
    release(request, draft.attempt)
    draft.owner, draft.attempt = new_owner(), ""
    try:
        draft.hold = holds.hold_slot(
            appointment_type=draft.appointment_type,
            doctor=draft.doctor,
            clinic=draft.clinic,
            starts_at=draft.starts_at,
            owner=draft.owner,
            by=draft.user,
            ignoring=draft.moving.pk if draft.moving else None,
        )
    except HoldsUnavailable:
        draft.holds_down = True
    else:
        draft.attempt = remember_attempt(request, draft.owner, draft.hold.id)


def find_hold(request: StaffRequest, draft: Draft) -> None:
    """Put the attempt's hold on the draft, if it still lives."""
    try:
        draft.hold = holds.find_hold(hold_id_of(request, draft.attempt), draft.owner) if draft.owner else None
    except HoldGone:
        draft.hold = None
    except HoldsUnavailable:
        draft.holds_down = True
