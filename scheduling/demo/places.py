"""Clinics with their rooms, equipment and clinical staff."""

from __future__ import annotations

from decimal import Decimal

from scheduling.demo.horizon import minutes_of, time_of
from scheduling.demo.places_data import CLINICS, ClinicSpec
from scheduling.demo.world import World
from scheduling.models import Clinic, OpeningHours, Resource, ResourceCategory
from scheduling.models.resource import ResourceKind

CATEGORIES = {
    "Consulting room": ResourceKind.ROOM,
    "Physiotherapy room": ResourceKind.ROOM,
    "Scan room": ResourceKind.ROOM,
    "Treatment room": ResourceKind.ROOM,
    "Hearing booth": ResourceKind.ROOM,
    "Quiet room": ResourceKind.ROOM,
    "Ultrasound machine": ResourceKind.EQUIPMENT,
    "Echocardiography machine": ResourceKind.EQUIPMENT,
    "Audiometer": ResourceKind.EQUIPMENT,
    "ECG cart": ResourceKind.EQUIPMENT,
    "Dermatoscope camera": ResourceKind.EQUIPMENT,
    "Spirometer": ResourceKind.EQUIPMENT,
    "Nurse": ResourceKind.STAFF,
    "Healthcare assistant": ResourceKind.STAFF,
}
MOVABLE = {"ECG cart": 2, "Dermatoscope camera": 1, "Spirometer": 1}


def make_places(world: World) -> None:
    """Make the clinics and everything that stands or works in them."""
    world.categories = {
        category.name: category
        for category in ResourceCategory.objects.bulk_create(
            ResourceCategory(name=name, kind=kind) for name, kind in CATEGORIES.items()
        )
    }
    for position, spec in enumerate(CLINICS, start=1):
        clinic = _make_clinic(position, spec)
        world.clinics[spec.code] = clinic
        _make_opening_hours(world, clinic, spec)
        _make_rooms(world, clinic, spec)
        _make_movable_equipment(world, clinic)
        _make_staff(world, clinic, spec)


def _make_clinic(position: int, spec: ClinicSpec) -> Clinic:
    return Clinic.objects.create(
        code=spec.code,
        name=spec.name,
        position=position,
        address=spec.address,
        city="London",
        postcode=spec.postcode,
        floor=spec.floor,
        phone=spec.phone,
        email=f"{spec.code}@carebridge.example",
        directions=spec.directions,
        latitude=Decimal(spec.latitude),
        longitude=Decimal(spec.longitude),
        step_free_access=spec.step_free,
        **spec.rules,
    )


def _make_opening_hours(world: World, clinic: Clinic, spec: ClinicSpec) -> None:
    rows = [
        OpeningHours(clinic=clinic, weekday=int(day), starts=time_of(minutes_of(start)), ends=time_of(minutes_of(end)))
        for days, start, end in spec.hours
        for day in days
    ]
    world.opening_hours[clinic.pk] = OpeningHours.objects.bulk_create(rows)


def _make_rooms(world: World, clinic: Clinic, spec: ClinicSpec) -> None:
    for number in range(1, spec.consulting_rooms + 1):
        world.add_resource(clinic, f"Room {number}", "Consulting room")
    for letter in "ABC"[: spec.physio_rooms]:
        world.add_resource(clinic, f"Physio {letter}", "Physiotherapy room")
    for number in range(1, spec.treatment_rooms + 1):
        world.add_resource(clinic, f"Treatment {number}", "Treatment room")
    for number in range(1, spec.quiet_rooms + 1):
        world.add_resource(clinic, f"Quiet room {number}", "Quiet room", "Consulting room")
    for number in range(1, spec.scan_rooms + 1):
        _make_scan_room(world, clinic, number)
    for number in range(1, spec.hearing_booths + 1):
        booth = world.add_resource(clinic, f"Hearing booth {number}", "Hearing booth")
        world.add_resource(clinic, f"Audiometer {number}", "Audiometer", fixed_in=booth)


def _make_scan_room(world: World, clinic: Clinic, number: int) -> None:
    room = world.add_resource(clinic, f"Scan {number}", "Scan room")
    world.add_resource(clinic, f"Ultrasound machine {number}", "Ultrasound machine", fixed_in=room)
    # Hearts are scanned in the last scan room only: the machine is too heavy to move.
    if number == 2 or clinic.code == "harbour":
        world.add_resource(clinic, "Echocardiography machine", "Echocardiography machine", fixed_in=room)


def _make_movable_equipment(world: World, clinic: Clinic) -> None:
    for category, count in MOVABLE.items():
        for number in range(1, count + 1):
            world.add_resource(clinic, f"{category} {number}", category)


def _make_staff(world: World, clinic: Clinic, spec: ClinicSpec) -> None:
    for name in spec.nurses:
        _add_person(world, clinic, name, "Nurse")
    for name in spec.assistants:
        _add_person(world, clinic, name, "Healthcare assistant")


def _add_person(world: World, clinic: Clinic, name: str, category: str) -> Resource:
    return world.add_resource(clinic, name, category, keeps_own_hours=True)
