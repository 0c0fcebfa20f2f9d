"""What a post says of a booking: which time, for whom, with which hold, and what was typed so far."""

from __future__ import annotations

from django.http import QueryDict

from carebridge.accounts.models import User
from carebridge.errors import InvalidInput
from carebridge.http import StaffRequest
from scheduling import holds, periods
from scheduling.errors import HoldGone, HoldsUnavailable
from scheduling.forms import AnyTimeForm, BookingForm, ChosenTimeForm
from scheduling.models import AppointmentType, Clinic, Doctor
from scheduling.permissions import require
from scheduling.roles import Permission
from scheduling.views.attempts import hold_id_of, new_owner, owner_of, release, remember_attempt
from scheduling.views.draft import Draft
from scheduling.views.reach import chosen_patient, visible, visible_appointment


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
    initial = {"referral": draft.referrals[0].pk if draft.referrals else None, "channel": "desk"}
    return BookingForm(typed, referrals=draft.referral_choices, initial=initial, auto_id="booking_%s")


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
