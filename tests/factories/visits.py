"""What can be booked, and who performs it where."""

from __future__ import annotations

import factory

from scheduling.models import AppointmentType, CancellationReason, Offering, Requirement, Service
from tests.factories.clinics import ClinicFactory
from tests.factories.resources import DoctorFactory, ResourceCategoryFactory


class ServiceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Service

    name = factory.Sequence(lambda n: f"Service {n}")


class AppointmentTypeFactory(factory.django.DjangoModelFactory):
    """Thirty minutes with the doctor, no buffers, starts every quarter of an hour, no other needs."""

    class Meta:
        model = AppointmentType

    service = factory.SubFactory(ServiceFactory)
    name = factory.Sequence(lambda n: f"Type {n}")
    code = factory.Sequence(lambda n: f"type-{n}")
    duration_minutes = 30


class RequirementFactory(factory.django.DjangoModelFactory):
    """One of a category for the whole visit. For a named resource say `category=None, resource=…`."""

    class Meta:
        model = Requirement

    appointment_type = factory.SubFactory(AppointmentTypeFactory)
    category = factory.SubFactory(ResourceCategoryFactory)


class OfferingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Offering

    doctor = factory.SubFactory(DoctorFactory)
    appointment_type = factory.SubFactory(AppointmentTypeFactory)
    clinic = factory.SubFactory(ClinicFactory)


class CancellationReasonFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CancellationReason
        django_get_or_create = ("code",)

    code = "patient_request"
    label = "Patient asked"
