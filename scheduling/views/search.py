"""The search palette (Ctrl K): patients, appointments, doctors and services from one line of words.

People are searched by POST, so no name ever stands in an address, a log or a browser's history.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from carebridge.accounts.models import User
from carebridge.http import StaffRequest
from scheduling.forms import LookupForm
from scheduling.models import Appointment, Doctor, Patient, Service
from scheduling.models.appointment import REFERENCE_ALPHABET
from scheduling.models.resource import DoctorClinic
from scheduling.models.roster import WorkingHours
from scheduling.patient_search import search_patients
from scheduling.permissions import clinic_ids_with, may_read
from scheduling.roles import Permission
from scheduling.views.booking import board_url
from scheduling.views.standing import Person, sees_contacts, with_standing

GROUP_LIMIT = 4
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PARTS = {"am": "morning", "morning": "morning", "pm": "afternoon", "afternoon": "afternoon", "late": "late"}
REFERENCE = re.compile(rf"^(?:CB-?)?([{REFERENCE_ALPHABET}]{{2,4}})(?:-?([{REFERENCE_ALPHABET}]{{1,4}}))?$")


@dataclass(frozen=True)
class Words:
    """What somebody typed, understood: names and numbers, perhaps a day and a part of it, perhaps a reference."""

    text: str
    names: Sequence[str]
    day: date | None = None
    part: str = ""
    reference: str = ""


@dataclass(frozen=True)
class DoctorHit:
    """A doctor, where the words lead on the board, and where in the finder."""

    doctor: Doctor
    clinics: str
    when: str
    board_url: str
    find_url: str


@dataclass(frozen=True)
class VisitHit:
    """An appointment, with the patient's name where the user may know it."""

    visit: Appointment
    name: str
    board_url: str


@dataclass
class Hits:
    people: Sequence[Person] = ()
    appointments: Sequence[VisitHit] = ()
    doctors: Sequence[DoctorHit] = ()
    services: Sequence[Service] = ()
    milliseconds: int = 0
    text: str = field(default="")

    @property
    def total(self) -> int:
        return len(self.people) + len(self.appointments) + len(self.doctors) + len(self.services)


@login_required
@require_http_methods(["GET", "POST"])
def search(request: StaffRequest) -> HttpResponse:
    """The palette; with words posted, what they find."""
    if not clinic_ids_with(request.user, Permission.SEE_DIRECTORY):
        raise PermissionDenied
    form = LookupForm(request.POST or None)
    text = form.cleaned_data["q"] if form.is_valid() else request.POST.get("patient_text", "")[:80]
    user = request.user
    hits = look_up(user, understand(text, timezone.now().date())) if text.strip() else None
    context = {
        "hits": hits,
        "text": text,
        "sees_contacts": sees_contacts(user),
        "may_book": bool(clinic_ids_with(user, Permission.BOOK)),
    }
    template = "scheduling/search.html"
    if request.htmx:
        template += "#results" if request.method == "POST" else "#palette"
    return render(request, template, context)


def understand(text: str, today: date) -> Words:
    """Tell names from a day ("thu", "tomorrow"), a part of the day ("am") and a reference ("9r4w")."""
    names, day, part = [], None, ""
    for word in text.split():
        plain = word.casefold().strip(".,")
        if (found := _day(plain, today)) is not None:
            day = found
        elif plain in PARTS:
            part = PARTS[plain]
        else:
            names.append(word)
    match = REFERENCE.match("".join(text.upper().split()))
    reference = "-".join(["CB", *(piece for piece in match.groups() if piece)]) if match else ""
    # "wed" alone may be the start of a name: without a name beside it, the word is searched as it stands.
    return Words(text, names or text.split(), day if names else None, part if names else "", reference)


def _day(word: str, today: date) -> date | None:
    if word in ("today", "tomorrow"):
        return today + timedelta(days=word == "tomorrow")
    if word[:3] in DAYS and (word in DAYS or word.endswith("day")):
        return today + timedelta(days=(DAYS.index(word[:3]) - today.weekday()) % 7)
    return None


def look_up(user: User, words: Words) -> Hits:
    """Everything the words find that the user may see, a few of each kind."""
    started = time.perf_counter()
    now = timezone.now()
    found = search_patients(user, " ".join(words.names), limit=GROUP_LIMIT)
    people = with_standing(user, found, now)
    hits = Hits(
        people=people,
        appointments=_appointments(user, words, people),
        doctors=_doctors(user, words, now.date()),
        services=_services(user, words),
        text=" ".join(words.names),
    )
    hits.milliseconds = round((time.perf_counter() - started) * 1000)
    return hits


def _appointments(user: User, words: Words, people: Sequence[Person]) -> Sequence[VisitHit]:
    """Those whose reference begins like this, else the next visit of each patient found."""
    found = Appointment.objects.none()
    if len(words.reference) > len("CB-9R"):
        rows = Appointment.objects.visible_to(user).filter(reference__startswith=words.reference)
        found = rows.select_related("patient", "doctor", "clinic", "appointment_type__service").order_by("-starts_at")
    if hits := [_visit_hit(user, visit, visit.patient) for visit in found[:GROUP_LIMIT]]:
        return hits
    upcoming = ((person.next_visit, person.patient) for person in people)
    return [_visit_hit(user, visit, patient) for visit, patient in upcoming if visit is not None]


def _visit_hit(user: User, visit: Appointment, patient: Patient) -> VisitHit:
    known = may_read(user, Permission.SEE_PATIENTS, visit)
    return VisitHit(visit, patient.full_name if known else "", board_url(visit))


def _doctors(user: User, words: Words, today: date) -> Sequence[DoctorHit]:
    matching = Doctor.objects.visible_to(user).active()
    for word in words.names:
        matching = matching.filter(Q(given_name__icontains=word) | Q(family_name__icontains=word))
    doctors = list(matching.prefetch_related("specialities")[:GROUP_LIMIT]) if words.names else []
    if not doctors:
        return []
    own = clinic_ids_with(user, Permission.SEE_DIRECTORY)
    places: dict[int, list[DoctorClinic]] = {}
    for place in DoctorClinic.objects.filter(doctor__in=doctors, clinic__in=own).select_related("clinic"):
        places.setdefault(place.doctor_id, []).append(place)
    day = words.day or today
    at = {
        row["resource"]: row["clinic"]
        for row in WorkingHours.objects.filter(
            resource__in=[doctor.resource_id for doctor in doctors], clinic__in=own, weekday=day.weekday()
        ).values("resource", "clinic")
    }
    return [
        _doctor_hit(doctor, places.get(doctor.pk, []), at.get(doctor.resource_id), words, day) for doctor in doctors
    ]


def _doctor_hit(
    doctor: Doctor, places: Sequence[DoctorClinic], working_at: int | None, words: Words, day: date
) -> DoctorHit:
    clinic_id = working_at or (places[0].clinic_id if places else 0)
    board: dict[str, str | int] = {"clinic": clinic_id, "day": day.isoformat(), "doctor": doctor.pk}
    find: dict[str, str | int] = {
        "doctor": doctor.pk,
        "from": day.isoformat(),
        "to": day.isoformat(),
        "part": words.part,
    }
    specialities = ", ".join(str(each) for each in doctor.specialities.all()) or doctor.get_profession_display()
    return DoctorHit(
        doctor=doctor,
        clinics=" · ".join([specialities, ", ".join(place.clinic.name for place in places)]),
        when=f"{day:%a %-d %b}{', ' + words.part if words.part else ''}" if words.day else "",
        board_url=f"{reverse('scheduling:board')}?{urlencode(board)}",
        find_url=f"{reverse('scheduling:find')}?{urlencode({key: value for key, value in find.items() if value})}",
    )


def _services(user: User, words: Words) -> Sequence[Service]:
    clinics = clinic_ids_with(user, Permission.BOOK)
    matching = Service.objects.filter(is_active=True, appointment_types__offerings__clinic__in=clinics).distinct()
    for word in words.names:
        matching = matching.filter(name__icontains=word)
    return list(matching[:GROUP_LIMIT]) if words.names and clinics else []
