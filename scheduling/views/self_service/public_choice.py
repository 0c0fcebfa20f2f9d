"""What may be chosen on the public pages, and what has been: a visit, where, and with whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.db.models import QuerySet
from django.http import HttpRequest

from scheduling.errors import NotOpen
from scheduling.languages import LANGUAGES, language_in
from scheduling.models import AppointmentType, Clinic, Doctor, OnlineBooking
from scheduling.periods import wall_clock
from scheduling.views.self_service.offered import Wanted
from scheduling.views.self_service.public_door import Guest

Mode = OnlineBooking.Mode
FURTHEST: list[str] = [Mode.BOOK, Mode.REQUEST, Mode.SEE]


def switches(clinic: Clinic | None) -> QuerySet[OnlineBooking]:
    """What the public finds at a clinic, or at all of them."""
    found = OnlineBooking.objects.public().select_related("clinic", "appointment_type__service__speciality")
    return found.filter(clinic=clinic) if clinic else found


@dataclass(frozen=True)
class Offered:
    """A type as the first page lists it, and how far it leads at the best of its clinics."""

    kind: AppointmentType
    leads_to: str


def by_speciality(rows: Sequence[OnlineBooking]) -> list[tuple[str, list[Offered]]]:
    """The types, each once, under their specialities."""
    kinds: dict[int, list[OnlineBooking]] = {}
    for row in rows:
        kinds.setdefault(row.appointment_type_id, []).append(row)
    offered = [
        Offered(them[0].appointment_type, min((each.leads_to for each in them), key=FURTHEST.index))
        for them in kinds.values()
    ]
    return grouped(offered)


def grouped(offered: list[Offered]) -> list[tuple[str, list[Offered]]]:
    """Types under their specialities."""
    offered.sort(key=lambda each: (_speciality(each), each.kind.service.name, each.kind.name))
    return [(name, list(them)) for name, them in groupby(offered, key=_speciality)]


def _speciality(offered: Offered) -> str:
    speciality = offered.kind.service.speciality
    return speciality.name if speciality else ""


@dataclass(frozen=True)
class Choice:
    """A type, its clinics by how far each goes, and what was ticked; nothing ticked means any."""

    kind: AppointmentType
    leads_to: Mapping[int, str]
    clinics: Mapping[int, Clinic]
    ticked: frozenset[int]
    step_free: bool
    doctors: Sequence[Doctor]
    doctor: Doctor | None
    speaks: frozenset[str]
    sexes: frozenset[str]

    def at(self, mode: str) -> dict[int, Clinic]:
        """The clinics of that mode which fit what was ticked."""
        return {
            pk: clinic
            for pk, clinic in self.clinics.items()
            if self.leads_to[pk] == mode
            and (not self.ticked or pk in self.ticked)
            and (clinic.step_free_access or not self.step_free)
        }

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was ticked beside the type."""
        return bool(self.ticked or self.step_free or self.doctor or self.speaks or self.sexes)

    @property
    def languages(self) -> list[tuple[str, str, bool]]:
        """What the doctors speak: (code, its own name, ticked)."""
        spoken = {code for doctor in self.doctors for code in doctor.languages}
        return [(code, language_in(code).name, code in self.speaks) for code in LANGUAGES if code in spoken]

    def fitting(self) -> tuple[int, ...] | None:
        """The doctors who speak one of the languages and are of one of the sexes; None when all fit."""
        if not self.speaks and not self.sexes:
            return None
        return tuple(
            each.pk
            for each in self.doctors
            if (not self.speaks or self.speaks & set(each.languages)) and (not self.sexes or each.sex in self.sexes)
        )

    def wanted(self, guest: Guest) -> Wanted:
        """The search for free times. Only with a clinic to book at."""
        clinics = self.at(Mode.BOOK)
        zone = next(iter(clinics.values())).zone
        return Wanted(
            appointment_type=self.kind,
            clinics=clinics,
            doctor=self.doctor,
            owner=guest.owner,
            first_day=wall_clock(guest.now, zone).date(),
            among=self.fitting(),
        )


def read_choice(request: HttpRequest, clinic: Clinic | None) -> Choice:
    """What the address says. Raises NotOpen for a type that isn't offered there."""
    asked = request.GET.get("type", "")
    rows = [row for row in switches(clinic) if str(row.appointment_type_id) == asked]
    if not rows:
        raise NotOpen
    return choose(
        request,
        rows[0].appointment_type,
        leads_to={row.clinic_id: row.leads_to for row in rows},
        clinics={row.clinic_id: row.clinic for row in rows},
    )


def choose(
    request: HttpRequest, kind: AppointmentType, leads_to: Mapping[int, str], clinics: Mapping[int, Clinic]
) -> Choice:
    """What the address ticks of a type that is offered at clinics."""
    performing = {"offerings__appointment_type": kind, "offerings__is_active": True, "offerings__clinic__in": clinics}
    doctors = list(Doctor.objects.active().filter(**performing).distinct())
    return Choice(
        kind=kind,
        leads_to=leads_to,
        clinics=clinics,
        ticked=frozenset(pk for pk in clinics if str(pk) in request.GET.getlist("clinic")),
        step_free="step_free" in request.GET,
        doctors=doctors,
        doctor=next((each for each in doctors if str(each.pk) == request.GET.get("doctor")), None),
        speaks=frozenset(request.GET.getlist("speaks")) & frozenset(LANGUAGES),
        sexes=frozenset(request.GET.getlist("sex")) & {"female", "male"},
    )
