"""What staff do about offers: agree, skip with a reason, take an answer on the telephone, offer a time by hand."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from carebridge.errors import DomainError
from carebridge.http import StaffRequest
from scheduling.availability import Slot, SlotSearch, find_slots
from scheduling.errors import SlotTaken
from scheduling.forms import SlotField, slot_value
from scheduling.models import Clinic, Doctor
from scheduling.periods import Period
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission
from scheduling.views.free_time import read_free_time
from waitlist import by_hand, offers
from waitlist.models import Entry, EntryStatus, Offer
from waitlist.queries import replay
from waitlist.queries.suited import suited_by
from waitlist.views.dashboard import note_seen

DAYS_AHEAD, TIMES = 28, 24


@login_required
@require_POST
def answer(request: StaffRequest, pk: int, said: str) -> HttpResponse:
    """Approve an offer, skip somebody, or write down what they said on the telephone."""
    offer = Offer.objects.visible_to(request.user).filter(pk=pk).first()
    if offer is None or said not in ("approve", "skip", "yes"):
        raise Http404
    try:
        if said == "approve":
            offers.approve(offer=offer, by=request.user)
            messages.success(request, "The patient is being asked.")
        elif said == "yes":
            visit = offers.accept(offer=offer, by=request.user)
            messages.success(request, f"Booked: {visit.reference}.")
        else:
            offers.decline(offer=offer, by=request.user, reason=request.POST.get("reason", ""))
            messages.success(request, "Skipped. The next in line is asked.")
    except DomainError as refused:
        messages.error(request, " ".join(refused.fields.values()) or refused.message)
    return redirect("waitlist:list")


@login_required
@require_http_methods(["GET", "POST"])
def offer_time(request: StaffRequest, pk: int) -> HttpResponse:
    """Free times for one who waits; of one of them, who else waits for it; then the offer, with a reason."""
    may_edit = clinic_ids_with(request.user, Permission.EDIT_WAITLIST)
    entry = (
        Entry.objects.visible_to(request.user)
        .select_related("patient", "clinic", "appointment_type__service")
        .filter(pk=pk, status=EntryStatus.ACTIVE)
        .first()
    )
    if entry is None or entry.clinic_id not in may_edit:
        raise Http404
    slot = request.POST.get("slot") or request.GET.get("slot", "")
    chosen = _read(request, slot, may_edit)
    context = {"entry": entry, "nav": "waitlist"}
    if chosen is None:
        return render(request, "waitlist/offer.html", {**context, "slots": _free(entry)})
    doctor, clinic, starts_at = chosen
    said_yes = "said_yes" in request.POST
    if request.method == "POST":
        try:
            offer = by_hand.offer_by_hand(
                entry=entry,
                doctor=doctor,
                clinic=clinic,
                starts_at=starts_at,
                by=request.user,
                reason=request.POST.get("reason", ""),
                said_yes=said_yes,
            )
        except DomainError as refused:
            context["error"] = " ".join(refused.fields.values()) or refused.message
        else:
            words = f"Booked: {offer.appointment.reference}." if said_yes else "Offered: the patient is being asked."
            messages.success(request, words)
            return redirect("waitlist:list")
    try:
        line = replay.in_line(by_hand.ranked_for(entry, doctor, clinic, starts_at, timezone.now()))
    except SlotTaken as refused:
        line, context["error"] = [], refused.message
    note_seen(request, {each.entry.patient_id for each in line if each.entry})
    context |= {"doctor": doctor, "clinic": clinic, "starts_at": starts_at.astimezone(clinic.zone), "line": line}
    context |= {"slot": slot, "is_too_close": by_hand.is_too_close(clinic, starts_at, timezone.now())}
    return render(request, "waitlist/offer.html", context, status=422 if "error" in context else 200)


def _free(entry: Entry) -> list[tuple[Slot, str, datetime]]:
    """Free times of the next weeks, each with its value for the address and its start on the clinic's clock."""
    now = timezone.now()
    today = now.astimezone(entry.clinic.zone).date()
    search = SlotSearch(
        appointment_type_id=entry.appointment_type_id,
        clinic_ids=(entry.clinic_id,),
        doctor_ids=(entry.doctor_id,) if entry.doctor_id and entry.doctor_is_must else None,
        from_day=max(today, entry.earliest_day or today),
        to_day=min(today + timedelta(days=DAYS_AHEAD), entry.latest_day or today + timedelta(days=DAYS_AHEAD)),
        now=now,
        limit=TIMES,
        patient_id=entry.patient_id,
    )
    if search.to_day < search.from_day:
        return []
    zone = entry.clinic.zone
    return [
        (each, slot_value(each.doctor_id, each.clinic_id, each.starts_at), each.starts_at.astimezone(zone))
        for each in find_slots(search)
    ]


def _read(request: StaffRequest, value: str, clinic_ids: Collection[int]) -> tuple[Doctor, Clinic, datetime] | None:
    """A doctor, one of these clinics and an instant from the address; None when it holds none."""
    try:
        doctor_id, clinic_id, starts_at = SlotField(max_length=80).clean(value)
    except ValidationError:
        return None
    doctor = Doctor.objects.visible_to(request.user).filter(pk=doctor_id).first()
    clinic = Clinic.objects.visible_to(request.user).filter(pk=clinic_id, pk__in=clinic_ids).first()
    return (doctor, clinic, starts_at) if doctor and clinic else None


@login_required
@require_safe
def offer_free(request: StaffRequest) -> HttpResponse:
    """Whom a free time of the board would suit, in their order; each can be offered it."""
    free, clinic, doctor = read_free_time(request, Permission.EDIT_WAITLIST)
    may_edit = clinic_ids_with(request.user, Permission.EDIT_WAITLIST)
    theirs = Entry.objects.visible_to(request.user).filter(clinic__in=may_edit)
    span = Period(free.starts_at, free.ends_at)
    lines, count = suited_by(span, clinic, doctor, seen=theirs, now=timezone.now())
    note_seen(request, {line.entry.patient_id for line in lines})
    context = {"free": free, "clinic": clinic, "doctor": doctor, "lines": lines, "count": count, "nav": "waitlist"}
    with timezone.override(clinic.zone):
        return render(request, "waitlist/offer_free.html", context)
