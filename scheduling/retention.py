"""After its time a patient's record loses everything personal; the visits stay, so that reports still add up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit import mask_all
from carebridge.audit.trail import accounted_for
from carebridge.db import Busy, command, lock_in_order
from carebridge.errors import InvalidInput, NotAllowed, NotFound
from scheduling.errors import PolicyRefused
from scheduling.history import record_patient
from scheduling.locking import lock_appointments, save_changes
from scheduling.models import (
    Answer,
    Appointment,
    Cancellation,
    EmergencyAccess,
    ExternalReference,
    Patient,
    PatientClinic,
    Referral,
    SelfBooking,
    Sex,
)
from scheduling.models.appointment import OCCUPYING
from scheduling.models.patient import PatientQuerySet
from scheduling.permissions import clinic_ids_with
from scheduling.record_pairs import with_tombstones
from scheduling.roles import Permission

ERASED = "Removed after its time"
NOBODYS_BIRTHDAY = date(1900, 1, 1)
BLANK = {
    "given_name": "Anonymised",
    "family_name": "patient",
    "birth_date": NOBODYS_BIRTHDAY,
    "sex": Sex.UNKNOWN,
    "pms_number": None,
    "mobile": "",
    "phone": "",
    "email": "",
    "address": "",
    "postcode": "",
    "language": "en",
    "preferred_channel": Patient.ContactChannel.LETTER,
    "preferred_times": [],
    "consents_to_sms": False,
    "consents_to_email": False,
    "access_needs": [],
    "contact_note": "",
}
"""What is left of each personal field. Every one has an entry: a test compares with what the trail calls personal."""


def kept_since(now: datetime) -> datetime | None:
    """The instant up to which a last visit must lie for its patient's time to be over; None when policy keeps all.

    PATIENT_RETENTION_YEARS counts calendar years; 29 February counts as the 28th where there is none.
    """
    years = settings.PATIENT_RETENTION_YEARS
    if not years:
        return None
    now = now.astimezone(UTC)
    try:
        return now.replace(year=now.year - years)
    except ValueError:
        return now.replace(year=now.year - years, day=28)


def due_patients(now: datetime) -> PatientQuerySet:
    """Records whose last visit, or registration if there was none, is longer ago than policy keeps them."""
    before = kept_since(now)
    if before is None:
        return Patient.objects.none()
    later = Appointment.objects.filter(patient=OuterRef("pk"), ends_at__gt=before)
    return Patient.objects.filter(
        ~Exists(later), anonymised_at=None, merged_into=None, created_at__lte=before
    ).order_by("created_at", "pk")


@command()
def anonymise_patient(*, patient: Patient, by: User | None) -> Patient:
    """Remove everything personal from a record whose time is over, for good. `by` None is the nightly job.

    Raises PolicyRefused (has_visits_to_come, still_kept), InvalidInput when it is not a record of its own or
    anonymised already, NotFound, NotAllowed.
    """
    now = timezone.now()
    records = _lock_with_tombstones(patient)
    patient = next(record for record in records if record.pk == patient.pk)
    ids = [record.pk for record in records]
    visits = lock_appointments(list(Appointment.objects.filter(patient__in=ids).values_list("pk", flat=True)))

    clinics = _require_everywhere(by, ids, visits)
    if patient.merged_into_id or patient.anonymised_at:
        raise InvalidInput("This record holds nothing personal of its own any more.")
    _check_time_is_over(patient, visits, now)

    for record in records:
        _erase(record, at=now)
    for visit in visits:
        _erase_words(visit)
    _erase_beside(ids, visits)
    _account(patient, by=by, at=now, clinic_id=min(clinics, default=None))
    return patient


@command()
def forget_unverified(*, patient: Patient) -> None:
    """Remove everything personal from a record of the public pages that no clinic ever got to know.

    Raises PolicyRefused (still_kept) for any other record, or while a visit waits for its code.
    """
    now = timezone.now()
    (patient,) = lock_in_order(Patient, [patient.pk])
    visits = lock_appointments(list(Appointment.objects.filter(patient=patient).values_list("pk", flat=True)))
    if patient.clinics.exists() or any(visit.status in OCCUPYING for visit in visits):
        raise PolicyRefused("This record is in use. Nothing was removed.", code="still_kept")

    _erase(patient, at=now)
    _erase_beside([patient.pk], visits)
    _account(patient, by=None, at=now, clinic_id=None)


def _account(patient: Patient, *, by: User | None, at: datetime, clinic_id: int | None) -> None:
    changes = {field: (mask_all(None), None) for field in sorted(BLANK)}
    record_patient("patient.anonymised", patient, by=by, at=at, changes=changes, clinic_id=clinic_id)


def _lock_with_tombstones(patient: Patient) -> list[Patient]:
    """The record and all that were merged into it, locked ascending."""
    ids = with_tombstones(patient.pk)
    records = lock_in_order(Patient, ids)
    if not any(record.pk == patient.pk for record in records):
        raise NotFound("That patient is not on file.")
    if with_tombstones(patient.pk) != ids:
        # One more was merged into it, or parted from it, while this waited for the lock: begin anew.
        raise Busy
    return records


def _require_everywhere(by: User | None, ids: Iterable[object], visits: Iterable[Appointment]) -> set[int]:
    known = PatientClinic.objects.filter(patient__in=ids).values_list("clinic_id", flat=True)
    clinics = {*known, *(visit.clinic_id for visit in visits)}
    if by is not None:
        allowed = set(clinic_ids_with(by, Permission.RELEASE_PATIENT_DATA))
        if not allowed or not clinics <= allowed:
            raise NotAllowed(
                "This record is in use at a clinic where you may not do this. The nightly run will see to it.",
                detail={"permission": Permission.RELEASE_PATIENT_DATA.value},
            )
    return clinics


def _check_time_is_over(patient: Patient, visits: Iterable[Appointment], now: datetime) -> None:
    if any(visit.status in OCCUPYING and visit.ends_at > now for visit in visits):
        raise PolicyRefused("This patient has visits to come. Nothing was removed.", code="has_visits_to_come")
    before = kept_since(now)
    last = max((visit.ends_at for visit in visits), default=patient.created_at)
    if before is None or max(last, patient.created_at) > before:
        raise PolicyRefused(
            f"Records are kept for {settings.PATIENT_RETENTION_YEARS} years after the last visit; this one's time is"
            " not over."
            if before
            else "Policy keeps every record: no retention period is set.",
            code="still_kept",
        )


def _erase(record: Patient, *, at: datetime) -> None:
    for field, value in BLANK.items():
        setattr(record, field, value)
    record.search_name = ""
    record.is_active = False
    record.anonymised_at = at
    record.version += 1
    with accounted_for():
        record.save()


def _erase_words(visit: Appointment) -> None:
    if visit.notes or visit.override_reason:
        visit.notes = ""
        visit.override_reason = ERASED if visit.override_reason else ""
        save_changes(visit, "notes", "override_reason")


def _erase_beside(ids: Iterable[object], visits: Iterable[Appointment]) -> None:
    """Numbers, names and words on rows around the record; the rows stay, because they are counted."""
    Cancellation.objects.filter(appointment__in=visits).exclude(note="").update(note="")
    SelfBooking.objects.filter(patient__in=ids).exclude(wishes="").update(wishes="")
    ExternalReference.objects.filter(appointment__in=visits).delete()
    Answer.objects.filter(appointment__in=visits).delete()
    for referral in Referral.objects.filter(patient__in=ids):
        referral.number, referral.referrer = f"removed-{referral.pk}", ""
        referral.save(update_fields=["number", "referrer"])
    openings = EmergencyAccess.objects.filter(patient__in=ids)
    openings.update(reason=ERASED)
    openings.exclude(review_note="").update(review_note="")
