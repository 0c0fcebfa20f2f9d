"""What can be busy: rooms, equipment, staff and the people who hold lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import factory

from scheduling.models import Clinic, Doctor, DoctorClinic, Resource, ResourceCategory, Speciality
from scheduling.models.resource import ResourceKind
from tests.factories.clinics import ClinicFactory


class ResourceCategoryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ResourceCategory

    name = factory.Sequence(lambda n: f"Category {n}")
    kind = ResourceKind.ROOM


class _PlacedFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Resource
        abstract = True
        skip_postgeneration_save = True

    clinic = factory.SubFactory(ClinicFactory)

    @factory.post_generation
    def categories(self: Resource, create: bool, wanted: Iterable[ResourceCategory] | None, **kwargs: Any) -> None:
        if create and wanted:
            self.categories.set(wanted)


class RoomFactory(_PlacedFactory):
    """A room, there whenever its clinic is open. `categories=[…]` says what it can be asked for as."""

    name = factory.Sequence(lambda n: f"Room {n}")
    kind = ResourceKind.ROOM


class EquipmentFactory(_PlacedFactory):
    """A movable device; `fixed_in=room` bolts it down."""

    name = factory.Sequence(lambda n: f"Device {n}")
    kind = ResourceKind.EQUIPMENT


class StaffFactory(_PlacedFactory):
    """A nurse or assistant with hours of their own, who therefore works only once given some."""

    name = factory.Sequence(lambda n: f"Nurse {n}")
    kind = ResourceKind.STAFF
    keeps_own_hours = True


class SpecialityFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Speciality

    name = factory.Sequence(lambda n: f"Speciality {n}")


class _DoctorResourceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Resource

    name = "Doctor"
    kind = ResourceKind.DOCTOR
    keeps_own_hours = True


class DoctorFactory(factory.django.DjangoModelFactory):
    """A doctor with a resource, no hours and no offerings. `at=[clinic, …]` says which clinics they serve."""

    class Meta:
        model = Doctor
        skip_postgeneration_save = True

    title = "Dr"
    given_name = "Alex"
    family_name = factory.Sequence(lambda n: f"Doctor{n}")
    resource = factory.SubFactory(
        _DoctorResourceFactory,
        name=factory.LazyAttribute(lambda o: f"Dr {o.factory_parent.given_name} {o.factory_parent.family_name}"),
    )

    @factory.post_generation
    def at(self: Doctor, create: bool, wanted: Iterable[Clinic] | None, **kwargs: Any) -> None:
        for clinic in wanted or ():
            DoctorClinicFactory(doctor=self, clinic=clinic)


class DoctorClinicFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DoctorClinic

    doctor = factory.SubFactory(DoctorFactory)
    clinic = factory.SubFactory(ClinicFactory)
