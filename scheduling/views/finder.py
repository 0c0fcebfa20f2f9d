"""Find a slot: what to look for, the times found, and why others were not.

The search is posted, never in the address: it names a patient. Only what says nothing of a person (service, type,
doctor, clinic, days, an appointment's reference) may come in a link.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from carebridge.accounts.models import User
from carebridge.http import StaffRequest, fragment_tag
from scheduling import availability
from scheduling.forms import patient_label
from scheduling.models import Appointment, Clinic, Patient, Resource, Service, Status
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission
from scheduling.views.asked import Question, given, question_of
from scheduling.views.attempts import owner_of
from scheduling.views.draft import Draft
from scheduling.views.drafting import load_draft
from scheduling.views.find_form import FindForm
from scheduling.views.found import (
    DayGroup,
    Directory,
    Offer,
    day_label,
    group_by_day,
    needs_of,
    offer_of,
    stretches,
    wait_until,
)

SEARCH_LIMIT = 240
QUICK_PICKS = 4


@dataclass(frozen=True)
class First:
    """The first free time: row 1, key 1."""

    offer: Offer
    when: str
    doctor: str
    place: str
    wait: str


@dataclass(frozen=True)
class Results:
    """What a search found, or the one step that leads on."""

    days: Sequence[DayGroup] = ()
    first: First | None = None
    later_from: date | None = None
    origin: Clinic | None = None
    usual_doctor: bool = False
    no_clinic: bool = False

    @property
    def total(self) -> int:
        return sum(day.count for day in self.days)

    @property
    def tag(self) -> str:
        """Changes whenever other times are offered."""
        offered = [offer.value for day in self.days for row in day.rows for offer in row.offers]
        return fragment_tag(offered, self.first and self.first.offer.value)

    @property
    def has_distances(self) -> bool:
        return any(row.kilometres for day in self.days for row in day.rows)


@login_required
@require_http_methods(["GET", "POST"])
def find(request: StaffRequest) -> HttpResponse:
    """The whole page, or with htmx only the times (and the fields that depend on the service).

    A page that looks again names the times it shows (`offered`); while those are still right there is nothing to say.
    """
    draft = load_draft(request) if request.POST.get("slot") else None
    context = find_context(request, draft)
    if request.htmx and request.method == "POST":
        if request.POST.get("offered") == context["results"].tag:
            return HttpResponse(status=204)
        shown = context["form"].chosen_type
        context["options_changed"] = request.POST.get("shown", "") != str(shown.pk if shown else "")
        return render(request, "scheduling/find.html#results", context)
    return render(request, "scheduling/find.html", context)


def find_context(request: StaffRequest, draft: Draft | None = None) -> dict[str, Any]:
    """Everything the page shows, beside a drawer that may be open on it."""
    user, asked = request.user, question_of(request)
    form, patient = asked.form, asked.patient
    owner = draft.owner if draft else owner_of(request, given(request).get("hold", ""))
    return {
        "nav": "find",
        "new_booking_url": "",
        "ws_url": "/ws/schedule/",
        "clinic_zone": form.clinics[0].time_zone,
        "may_override": bool(clinic_ids_with(user, Permission.OVERRIDE)),
        "form": form,
        "type_hint": needs_of(form.chosen_type) if form.chosen_type else "",
        "patient": patient,
        "patient_label": patient_label(patient) if patient else "",
        "moving": asked.moving,
        "results": find_times(asked, user=user, owner=owner),
        "quick_picks": [] if form.chosen_type else quick_picks(user, form, asked.now),
        "draft": draft,
    }


@login_required
@require_POST
def ruled_out(request: StaffRequest) -> HttpResponse:
    """Counted by rule, why earlier times are not offered. Asked for only when somebody opens the list."""
    asked = question_of(request)
    wanted = wanted_slots(asked, user=request.user, owner=owner_of(request, given(request).get("hold", "")))
    rules = availability.ruled_out(wanted) if wanted and wanted.clinic_ids else []
    total = sum(rule.count for rule in rules)
    return render(request, "scheduling/find_ruled_counts.html", {"rules": rules, "total": total})


def wanted_slots(asked: Question, *, user: User, owner: str) -> availability.SlotSearch | None:
    """The question as the availability code takes it, or None while nothing, or nothing valid, is chosen."""
    if asked.form.chosen_type is None or not asked.form.is_valid():
        return None
    return slot_search(asked, load_directory(asked.form, user, asked.patient), owner=owner)


def find_times(asked: Question, *, user: User, owner: str) -> Results:
    """Search as the form says. Nothing chosen, or nothing valid, finds nothing."""
    form, now = asked.form, asked.now
    if form.chosen_type is None or not form.is_valid():
        return Results()
    directory = load_directory(form, user, asked.patient)
    wanted = slot_search(asked, directory, owner=owner)
    if not wanted.clinic_ids:
        return Results(origin=directory.origin, no_clinic=True)
    slots = availability.find_slots(wanted)
    cut_off = len(slots) >= wanted.limit
    first_slot = slots[0] if slots else availability.first_available(_widened(wanted, directory))
    directory = replace(directory, resources=load_resources(user, [*slots, *([first_slot] if first_slot else [])]))
    days = group_by_day(slots, directory, sort=form.cleaned_data["sort"], today=form.today)
    return Results(
        days=days,
        first=first_of(first_slot, directory, now, form.today) if first_slot else None,
        later_from=(days[-1].day + timedelta(days=1) if cut_off else None),
        origin=directory.origin,
        usual_doctor=directory.usual_doctor_id is not None,
    )


def slot_search(asked: Question, directory: Directory, *, owner: str) -> availability.SlotSearch:
    """The form as the availability code takes it."""
    form, values, moving = asked.form, asked.form.cleaned_data, asked.moving
    doctor = directory.usual_doctor_id if values["sort"] == "same" else values["doctor"]
    return availability.SlotSearch(
        appointment_type_id=form.chosen_type.pk,  # type: ignore[union-attr]
        clinic_ids=tuple(clinic.pk for clinic in form.chosen_clinics),
        doctor_ids=(doctor,) if doctor else None,
        from_day=values["from_day"],
        to_day=values["to_day"],
        limit=SEARCH_LIMIT,
        now=asked.now,
        owner=owner,
        times_of_day=stretches(values["part"]),
        ignoring=moving.pk if moving else None,
    )


def _widened(wanted: availability.SlotSearch, directory: Directory) -> availability.SlotSearch:
    """When nothing fits: the same visit at any clinic, at any time of day, from the same first day on."""
    return replace(wanted, clinic_ids=tuple(directory.clinics), times_of_day=())


def load_directory(form: FindForm, user: User, patient: Patient | None) -> Directory:
    """The doctors and clinics of the form, and where and by whom the patient was last seen."""
    last = None
    if patient is not None:
        seen = Appointment.objects.visible_to(user).filter(patient=patient, status=Status.COMPLETED)
        last = seen.order_by("-starts_at").values_list("doctor_id", "clinic_id").first()
    clinics = {clinic.pk: clinic for clinic in form.clinics}
    return Directory(
        doctors={doctor.pk: doctor for doctor in form.doctors},
        clinics=clinics,
        origin=clinics.get(last[1], form.clinics[0]) if last else form.clinics[0],
        usual_doctor_id=last[0] if last else None,
    )


def load_resources(user: User, slots: Sequence[availability.Slot]) -> Mapping[int, Resource]:
    """The rooms and equipment that found times would use, in one statement."""
    ids = {pk for slot in slots for pk in slot.resource_ids}
    return {row.pk: row for row in Resource.objects.visible_to(user).filter(pk__in=ids)}


def first_of(slot: availability.Slot, directory: Directory, now: datetime, today: date) -> First:
    """The first free time in words."""
    clinic = directory.clinics[slot.clinic_id]
    rooms = [directory.resources[pk].name for pk in slot.resource_ids if pk in directory.resources]
    offer = offer_of(slot, clinic)
    day = offer.start.date()
    label = day_label(day, today) if (day - today).days < 2 else f"{day:%a %-d %b}"
    return First(
        offer=offer,
        when=f"{label} {offer.start:%H:%M}",
        doctor=directory.doctors[slot.doctor_id].full_name,
        place=" · ".join([clinic.name, *rooms[:1]]),
        wait=wait_until(slot.starts_at, now),
    )


def quick_picks(user: User, form: FindForm, now: datetime) -> Sequence[Service]:
    """The services booked most in the last fortnight: a first step for an empty page."""
    recent = Appointment.objects.visible_to(user).filter(
        clinic__in=[clinic.pk for clinic in form.clinics], starts_at__range=(now - timedelta(days=14), now)
    )
    counted = recent.order_by().values_list("appointment_type__service").annotate(n=Count("pk"))
    often = dict(counted)
    return sorted(form.services, key=lambda service: -often.get(service.pk, 0))[:QUICK_PICKS]
