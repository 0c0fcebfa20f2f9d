"""Practitioners, the clinics they serve and what they perform there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scheduling.demo.horizon import minutes_of
from scheduling.demo.practitioners_data import PRACTITIONERS
from scheduling.demo.world import World
from scheduling.models import AppointmentType, Clinic, Doctor, DoctorClinic, Offering, Resource, Speciality
from scheduling.models.resource import ResourceKind, Sex


@dataclass(frozen=True)
class SessionSpec:
    """Hours at a clinic in minutes after midnight, on weekdays, every so many weeks."""

    clinic: str
    weekdays: tuple[int, ...]
    every_weeks: int
    hours: tuple[int, int]
    lunch: tuple[int, int] | None
    room: str


@dataclass(frozen=True)
class PractitionerSpec:
    """One line of the list of practitioners."""

    title: str
    given_name: str
    family_name: str
    sex: str
    profession: str
    specialities: tuple[str, ...]
    languages: tuple[str, ...]
    fullness: float
    sessions: tuple[SessionSpec, ...]


def practitioner_specs() -> list[PractitionerSpec]:
    """Everybody on the list, in its order."""
    return [_parsed(line) for line in PRACTITIONERS.strip().replace("\n  ", "; ").splitlines()]


def _parsed(line: str) -> PractitionerSpec:
    title, given, family, sex, profession, specialities, languages, fullness, sessions = line.split("|")
    return PractitionerSpec(
        title=title,
        given_name=given,
        family_name=family,
        sex=Sex.FEMALE if sex == "f" else Sex.MALE,
        profession=profession,
        specialities=tuple(specialities.split(",")),
        languages=tuple(languages.split()),
        fullness=int(fullness) / 100,
        sessions=tuple(_parsed_session(each) for each in sessions.split("; ")),
    )


def _parsed_session(text: str) -> SessionSpec:
    clinic, days, hours, lunch, room = text.split(maxsplit=4)
    weekdays, _, every = days.partition("/")
    return SessionSpec(
        clinic=clinic,
        weekdays=tuple(int(day) for day in weekdays),
        every_weeks=int(every or 1),
        hours=_minutes(hours),
        lunch=None if lunch == "-" else _minutes(lunch),
        room="" if room == "-" else room,
    )


def _minutes(text: str) -> tuple[int, int]:
    start, end = text.split("-")
    return minutes_of(start), minutes_of(end)


def make_practitioners(world: World) -> dict[int, PractitionerSpec]:
    """Make everybody on the list and what they offer; returns what the list says of each, by doctor id."""
    specs = {}
    for spec in practitioner_specs():
        doctor = _make_doctor(world, spec)
        specs[doctor.pk] = spec
        places = _make_places(world, doctor, spec)
        _make_offerings(world, doctor, spec, places)
    _give_some_their_own_pace(world)
    return specs


def _make_doctor(world: World, spec: PractitionerSpec) -> Doctor:
    resource = Resource.objects.create(
        name=" ".join(filter(None, (spec.title, spec.given_name, spec.family_name))),
        kind=ResourceKind.DOCTOR,
        keeps_own_hours=True,
    )
    doctor = Doctor.objects.create(
        resource=resource,
        title=spec.title,
        given_name=spec.given_name,
        family_name=spec.family_name,
        profession=spec.profession,
        languages=list(spec.languages),
        sex=spec.sex,
    )
    doctor.specialities.set(Speciality.objects.filter(name__in=spec.specialities))
    world.resources[resource.pk] = resource
    world.doctors[doctor.pk] = doctor
    world.fullness[doctor.pk] = spec.fullness
    return doctor


def _make_places(world: World, doctor: Doctor, spec: PractitionerSpec) -> list[Clinic]:
    rooms = {session.clinic: session.room for session in spec.sessions}
    places = []
    for code, room_name in rooms.items():
        room = world.resource_named(code, room_name) if room_name else None
        places.append(DoctorClinic(doctor=doctor, clinic=world.clinic(code), usual_room=room))
        if room:
            world.usual_rooms[doctor.pk, world.clinic(code).pk] = room.pk
    DoctorClinic.objects.bulk_create(places)
    return [place.clinic for place in places]


def _make_offerings(world: World, doctor: Doctor, spec: PractitionerSpec, places: Iterable[Clinic]) -> None:
    kinds = [kind for kind in world.types.values() if str(kind.service.speciality) in spec.specialities]
    for clinic in places:
        for kind in kinds:
            if _is_equipped(world, clinic, kind):
                world.offerings[doctor.pk, clinic.pk].append(
                    Offering(doctor=doctor, appointment_type=kind, clinic=clinic)
                )


def _is_equipped(world: World, clinic: Clinic, kind: AppointmentType) -> bool:
    return all(
        len(world.pool(clinic.pk, need.category_id)) >= need.quantity
        for need in world.needs[kind.pk]
        if need.category_id is not None
    )


def _give_some_their_own_pace(world: World) -> None:
    offerings = [offering for group in world.offerings.values() for offering in group]
    for offering in offerings:
        kind = offering.appointment_type
        # Cleaning minutes are told from the visit's start, so only visits without any can be longer for one doctor.
        if world.rng.random() < 0.12 and all(
            (need.to_minute or 0) <= kind.duration_minutes for need in world.needs[kind.pk]
        ):
            offering.duration_minutes = kind.duration_minutes + world.rng.choice((5, 5, 10))
        elif world.rng.random() < 0.08:
            offering.buffer_after_minutes = kind.buffer_after_minutes + 5
    Offering.objects.bulk_create(offerings)
