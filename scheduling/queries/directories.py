"""A clinic's own directories as rows of a spreadsheet: who and what there is, never a note."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scheduling.models import Clinic, Doctor, Offering, Patient, Resource, ResourceKind, WorkingHours

Rows = Iterable[Sequence[Any]]


@dataclass(frozen=True)
class Directory:
    """One directory: its name in files and forms, what people call it, its columns, and how its rows are read."""

    name: str
    label: str
    columns: Sequence[str]
    rows_of: Callable[[Clinic], Rows]


def _doctors(clinic: Clinic) -> Rows:
    doctors = Doctor.objects.filter(clinics=clinic).select_related("resource").prefetch_related("specialities")
    for each in doctors.order_by("family_name", "given_name", "pk"):
        specialities = ", ".join(speciality.name for speciality in each.specialities.all())
        yield each.full_name, each.get_profession_display(), specialities, each.resource.is_active


def _resources(clinic: Clinic) -> Rows:
    rows = Resource.objects.filter(clinic=clinic).exclude(kind=ResourceKind.DOCTOR).prefetch_related("categories")
    for each in rows.order_by("kind", "name", "pk"):
        yield each.name, each.get_kind_display(), ", ".join(kind.name for kind in each.categories.all()), each.is_active


def _services(clinic: Clinic) -> Rows:
    offered = Offering.objects.filter(clinic=clinic).select_related("appointment_type__service", "doctor")
    for each in offered.order_by("appointment_type__service__name", "appointment_type__name", "doctor__family_name"):
        kind = each.appointment_type
        yield kind.service.name, kind.name, kind.code, kind.duration_minutes, each.doctor.full_name


def _rosters(clinic: Clinic) -> Rows:
    hours = WorkingHours.objects.filter(clinic=clinic).select_related("resource")
    for each in hours.order_by("resource__name", "weekday", "starts", "pk"):
        weeks = each.every_weeks
        valid = each.valid_from, each.valid_until
        when = each.get_weekday_display(), f"{each.starts:%H:%M}", f"{each.ends:%H:%M}"
        yield each.resource.name, *when, weeks, *valid


def _patients(clinic: Clinic) -> Rows:
    rows = Patient.objects.active().filter(clinics__clinic=clinic).order_by("family_name", "given_name", "birth_date")
    for each in rows.iterator(chunk_size=1000):
        name = each.family_name, each.given_name, each.birth_date, each.get_sex_display(), each.pms_number
        reach = each.mobile, each.phone, each.email, each.address, each.postcode
        yield *name, *reach, each.language, each.get_preferred_channel_display()


DIRECTORIES: Mapping[str, Directory] = {
    each.name: each
    for each in (
        Directory("doctors", "Doctors", ("Name", "Profession", "Specialities", "In use"), _doctors),
        Directory("rooms", "Rooms and equipment", ("Name", "Kind", "Categories", "In use"), _resources),
        Directory("services", "Services", ("Service", "Type", "Code", "Minutes", "Doctor"), _services),
        Directory(
            "rosters",
            "Rosters",
            ("Who or what", "Weekday", "From", "To", "Every n weeks", "Valid from", "Valid until"),
            _rosters,
        ),
        Directory(
            "patients",
            "Patients, without notes",
            (
                *("Family name", "Given name", "Birth date", "Sex", "PMS number", "Mobile", "Phone", "E-mail"),
                *("Address", "Postcode", "Language", "Prefers"),
            ),
            _patients,
        ),
    )
}
