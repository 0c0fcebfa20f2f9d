"""A patient of the other clinic with a marker in every personal field, and visits there that say more."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone

from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment
from scheduling.models import Appointment, AppointmentType, CancellationReason, Clinic, Doctor, Patient, PatientClinic
from scheduling.visits import change_notes
from tests import factories
from tests.architecture.access.world import World, at_clinic
from waitlist.models import ImportRow

PMS_NUMBER = factories.valid_pms_number(987654)
PERSONAL = {
    "given_name": "Zqvmarkgiven",
    "family_name": "Zqvmarkfamily",
    "search_name": "zqvmarkgiven zqvmarkfamily",
    "birth_date": date(1911, 11, 9),
    "pms_number": PMS_NUMBER,
    "mobile": "+447700900987",
    "phone": "+441134960987",
    "email": "zqvmarkmail@example.org",
    "address": "9 Zqvmarkstreet",
    "postcode": "ZQ9 9VQ",
    "contact_note": "Zqvmarknote",
}
MARKERS = ["zqvmark", "1911-11-09", "nov 1911", "november 1911", PMS_NUMBER, "900987", "960987", "zq9 9vq"]
"""What must not be found, in lower case; `plant` adds the references of the visits."""


def plant(world: World) -> list[str]:
    """Plant it all at Northgate, and return what nobody at Harbour may receive.

    The doctor also serves Harbour and one patient is known at both, so that there are roads to leak by.
    """
    clinic, doctor = Clinic.objects.get(pk=world.other["clinic"]), Doctor.objects.get(pk=world.other["doctor"])
    _serves_harbour_too(doctor, Clinic.objects.get(pk=world.own["clinic"]))
    patient = factories.PatientFactory(**PERSONAL, at=[clinic])
    factories.ReferralFactory(patient=patient, number="ZQV-REF", referrer="Dr Zqvmarkreferrer")
    shared = Patient.objects.get(pk=world.own["patient"])
    PatientClinic.objects.create(patient=shared, clinic=clinic)
    visits = [
        _visit(patient, doctor, clinic, 11),
        _visit(shared, doctor, clinic, 12),
        _visit(patient, doctor, clinic, 16, override_reason="Zqvmarkoverride"),
        _cancelled(_visit(patient, doctor, clinic, 15)),
    ]
    cells = ["Zqvmarkfamily, Zqvmarkgiven", "1911-11-09"]
    ImportRow.objects.filter(batch=world.other["list"]).update(cells=cells, patient=patient)
    change_notes(appointment=visits[0], notes="Zqvmarksecond note", by=None)
    return [*MARKERS, *(visit.reference.lower() for visit in visits)]


def _serves_harbour_too(doctor: Doctor, harbour: Clinic) -> None:
    factories.DoctorClinicFactory(doctor=doctor, clinic=harbour)
    factories.OfferingFactory(doctor=doctor, clinic=harbour, appointment_type=AppointmentType.objects.get())
    start = timezone.now() + timedelta(days=3)
    factories.ExtraSessionFactory(
        resource=doctor.resource, clinic=harbour, starts_at=start, ends_at=start + timedelta(hours=1)
    )


def _visit(patient: Patient, doctor: Doctor, clinic: Clinic, hour: int, **more: str) -> Appointment:
    visit = book_appointment(
        patient=patient,
        appointment_type=AppointmentType.objects.get(),
        doctor=doctor,
        clinic=clinic,
        starts_at=at_clinic(clinic, hour),
        by=None,
        notes="Zqvmarkvisit note",
    )
    if more:
        Appointment.objects.filter(pk=visit.pk).update(overrides=["off_step"], **more)
    return visit


def _cancelled(visit: Appointment) -> Appointment:
    cancel_appointment(appointment=visit, reason=CancellationReason.objects.get(), note="Zqvmarkcancelled", by=None)
    return visit
