"""Services, appointment types and what each needs, made from the catalogue."""

from __future__ import annotations

from django.utils.text import slugify

from scheduling.demo.catalogue_clinics import CLINIC_SERVICES
from scheduling.demo.catalogue_data import Need, ServiceSpec, TypeSpec
from scheduling.demo.catalogue_therapies import THERAPY_SERVICES
from scheduling.demo.world import World
from scheduling.models import AppointmentType, CancellationReason, Requirement, Service, Speciality

REASONS = (
    ("patient_request", "Patient asked", True),
    ("patient_unwell", "Patient unwell", True),
    ("doctor_unavailable", "Doctor unavailable", False),
    ("clinic_closed", "Clinic closed", False),
    ("transport", "Transport fell through", True),
    ("no_longer_needed", "No longer needed", True),
    ("duplicate", "Booked twice", False),
    ("other", "Other", True),
)


def make_catalogue(world: World) -> None:
    """Make specialities, services, types, requirements and cancellation reasons."""
    CancellationReason.objects.bulk_create(
        CancellationReason(code=code, label=label, by_patient=by_patient, position=position)
        for position, (code, label, by_patient) in enumerate(REASONS)
    )
    for service_spec in (*CLINIC_SERVICES, *THERAPY_SERVICES):
        _make_service(world, service_spec)


def _make_service(world: World, spec: ServiceSpec) -> None:
    speciality, _ = Speciality.objects.get_or_create(name=spec.speciality)
    service = Service.objects.create(name=spec.name, speciality=speciality, description=spec.description)
    world.services[service.name] = service
    for type_spec in spec.types:
        kind = _make_type(service, type_spec)
        world.types[kind.pk] = kind
        world.specs[kind.pk] = type_spec
        rows = [_requirement(world, kind, need) for need in type_spec.needs]
        world.needs[kind.pk] = Requirement.objects.bulk_create(rows)


def _make_type(service: Service, spec: TypeSpec) -> AppointmentType:
    return AppointmentType.objects.create(
        service=service,
        name=spec.name,
        code=slugify(f"{service.name} {spec.name}".replace("’", "")),
        modality=spec.modality,
        duration_minutes=spec.minutes,
        buffer_before_minutes=spec.before,
        buffer_after_minutes=spec.after,
        doctor_from_minute=spec.doctor_from,
        start_step_minutes=spec.step,
        min_notice_minutes=spec.min_notice_minutes,
        max_advance_days=spec.max_advance_days,
        cancel_cutoff_minutes=spec.cancel_cutoff_minutes,
        min_age=spec.ages[0],
        max_age=spec.ages[1],
        sex=spec.sex,
        patient_kind=spec.patients,
        requires_referral=spec.referral,
        preparation=spec.preparation,
    )


def _requirement(world: World, kind: AppointmentType, need: Need) -> Requirement:
    to_minute = kind.duration_minutes + need.after if need.after else need.to
    return Requirement(
        appointment_type=kind,
        category=world.categories[need.category],
        quantity=need.quantity,
        from_minute=need.start,
        to_minute=to_minute,
    )
