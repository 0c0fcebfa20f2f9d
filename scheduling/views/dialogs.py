"""The two dialogs that change when a visit is: cancel it, or move it to another time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from carebridge.accounts.models import User
from carebridge.errors import DomainError, InvalidInput
from scheduling.availability import Slot, SlotSearch, find_slots
from scheduling.cancelling import cancel_appointment
from scheduling.models import Appointment, Clinic, Doctor, DoctorClinic
from scheduling.permissions import clinic_ids_with, may
from scheduling.queries.drawer import Drawer, drawer_of
from scheduling.rescheduling import reschedule_appointment
from scheduling.roles import Permission
from scheduling.views.appointments import changed, seen_version, visible
from scheduling.views.forms import CancelForm, MoveForm

SPAN = timedelta(days=13)
"""How far ahead of the chosen day free times are listed: enough to always see some, little enough to scan."""
MOST_TIMES = 60


@dataclass(frozen=True, slots=True)
class Time:
    """A free time as a choice: `value` is what the form sends, `start` is on the clinic's clock."""

    value: str
    start: datetime
    doctor: Doctor


@login_required
@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask why, then cancel."""
    found = visible(request, reference)
    only_with(Permission.CANCEL, request, found)
    drawer = drawer_of(found, request.user, now=timezone.now())  # type: ignore[arg-type]
    form = CancelForm(request.POST or None, is_late=drawer.cancel_is_late)
    if request.method == "GET" or not form.is_valid():
        return dialog(request, "scheduling/appointment_cancel.html", drawer, form)
    try:
        cancel_appointment(
            appointment=found,
            by=request.user,  # type: ignore[arg-type]
            version=seen_version(request),
            **form.cleaned_data,
        )
    except DomainError as error:
        return dialog(request, "scheduling/appointment_cancel.html", drawer, form, error)
    undo_url = reverse("scheduling:appointment-undo", args=[found.reference])
    return changed(request, visible(request, found.reference), f"Cancelled: {drawer.name}", undo_url)


@login_required
@require_http_methods(["GET", "POST"])
def move(request: HttpRequest, reference: str) -> HttpResponse:
    """Show free times near the chosen day, then move the visit to the one chosen."""
    found = visible(request, reference)
    only_with(Permission.BOOK, request, found)
    user: User = request.user  # type: ignore[assignment]
    drawer = drawer_of(found, user, now=timezone.now())
    form = move_form(request.POST if request.method == "POST" else request.GET, drawer, user)
    chosen = chosen_time(form, user) if form.is_valid() else None
    if request.method == "GET":
        return move_dialog(request, drawer, form, chosen)
    if chosen is None:
        return move_dialog(
            request, drawer, form, None, InvalidInput("Choose one of the free times. Nothing was moved.")
        )
    try:
        moved = reschedule_appointment(
            appointment=found,
            starts_at=chosen.start,
            doctor=chosen.doctor,
            clinic=form.cleaned_data["clinic"] or found.clinic,
            by=user,
            exception_reason=form.cleaned_data.get("exception_reason", ""),
            version=seen_version(request),
        )
    except DomainError as error:
        return move_dialog(request, drawer, form, chosen, error)
    start = moved.local_start
    undo_url = reverse("scheduling:appointment-undo-move", args=[moved.reference])
    text = f"{drawer.name} moved to {start:%a} {start.day} {start:%b} {start:%H:%M} with {moved.doctor.short_name}"
    return changed(request, visible(request, moved.reference), text, undo_url)


def only_with(permission: Permission, request: HttpRequest, found: Appointment) -> None:
    """Raise PermissionDenied unless the user may do this at the visit's clinic: no form for what would be refused."""
    if not may(request.user, permission, found.clinic_id):  # type: ignore[arg-type]
        raise PermissionDenied


def move_form(data: QueryDict, drawer: Drawer, user: User) -> MoveForm:
    """The form, filled with the visit's own clinic, doctor and day until something else is chosen."""
    a = drawer.appointment
    clinics = Clinic.objects.visible_to(user).active().filter(pk__in=clinic_ids_with(user, Permission.BOOK))
    clinics = clinics.filter(offerings__appointment_type=a.appointment_type, offerings__is_active=True).distinct()
    today = drawer.now.astimezone(a.clinic.zone).date()
    given = data.copy()
    given.setdefault("clinic", str(a.clinic_id))
    given.setdefault("doctor", str(a.doctor_id))
    given.setdefault("day", max(a.local_date, today).isoformat())
    doctors = Doctor.objects.visible_to(user).active()
    doctors = doctors.filter(
        offerings__appointment_type=a.appointment_type, offerings__clinic=number_or_none(str(given["clinic"]))
    ).distinct()
    if given["doctor"] not in {str(doctor.pk) for doctor in doctors}:
        given["doctor"] = ""
    return MoveForm(given, clinics=clinics, doctors=doctors, today=today, is_late=drawer.move_is_late)


def number_or_none(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 18 else None


def chosen_time(form: MoveForm, user: User) -> Time | None:
    """The time that was ticked; whether it is still free the command says."""
    if not form.cleaned_data.get("slot"):
        return None
    doctor_id, clinic_id, start = form.cleaned_data["slot"]
    doctor = Doctor.objects.visible_to(user).filter(pk=doctor_id).first()
    clinic = form.cleaned_data["clinic"]
    if doctor is None or clinic is None or clinic.pk != clinic_id:
        return None
    return Time(form.data["slot"], start.astimezone(clinic.zone), doctor)


def move_dialog(
    request: HttpRequest, drawer: Drawer, form: MoveForm, chosen: Time | None, error: DomainError | None = None
) -> HttpResponse:
    """The dialog with the free times from the chosen day on."""
    times: list[Time] = []
    if form.is_valid():
        try:
            times = free_times(drawer, form)
        except DomainError as refused:
            error = error or refused
    days = [(day, list(group)) for day, group in groupby(times, key=lambda each: each.start.date())]
    more = {"days": days, "chosen": chosen, "clinic_to": form.cleaned_data.get("clinic") if form.is_valid() else None}
    return dialog(request, "scheduling/appointment_move.html", drawer, form, error, **more)


def free_times(drawer: Drawer, form: MoveForm) -> list[Time]:
    """Free times for this visit as if it had left its present one."""
    a, chosen = drawer.appointment, form.cleaned_data
    clinic, doctor = chosen["clinic"] or a.clinic, chosen["doctor"]
    day: date = max(chosen["day"] or a.local_date, drawer.now.astimezone(clinic.zone).date())
    slots = find_slots(
        SlotSearch(
            appointment_type_id=a.appointment_type_id,
            clinic_ids=(clinic.pk,),
            doctor_ids=(doctor.pk,) if doctor else None,
            from_day=day,
            to_day=day + SPAN,
            now=drawer.now,
            limit=MOST_TIMES,
            patient_id=a.patient_id,
            ignoring=a.pk,
        )
    )
    return as_times([slot for slot in slots if slot_key(slot) != (a.starts_at, a.doctor_id, a.clinic_id)], clinic)


def slot_key(slot: Slot) -> tuple[datetime, int, int]:
    return slot.starts_at, slot.doctor_id, slot.clinic_id


def as_times(slots: list[Slot], clinic: Clinic) -> list[Time]:
    """Slots as choices."""
    serving = DoctorClinic.objects.filter(clinic=clinic).values("doctor")
    doctors = {doctor.pk: doctor for doctor in Doctor.objects.filter(pk__in=serving)}
    return [
        Time(
            value=f"{slot.doctor_id}.{slot.clinic_id}.{slot.starts_at.isoformat()}",
            start=slot.starts_at.astimezone(clinic.zone),
            doctor=doctors[slot.doctor_id],
        )
        for slot in slots
        if slot.doctor_id in doctors
    ]


def dialog(
    request: HttpRequest,
    template: str,
    drawer: Drawer,
    form: CancelForm | MoveForm,
    error: DomainError | None = None,
    **more: Any,
) -> HttpResponse:
    """A dialog for htmx, or a page of its own; 422 (or the refusal's own status) when something was wrong."""
    for name, sentence in (error.fields if error else {}).items():
        if name in form.fields:
            form.add_error(name, sentence)
    asked = request.method == "POST"
    status = error.status if error else 422 if asked and not form.is_valid() else 200
    context = {"drawer": drawer, "open": drawer.appointment, "form": form, "error": error, "nav": "board", **more}
    if not request.htmx:  # type: ignore[attr-defined]
        context, template = {**context, "dialog": template}, "scheduling/appointment_page.html"
    with timezone.override(drawer.appointment.clinic.zone):
        return render(request, template, context, status=status)
