"""Two patient records at once: locked, judged by whoever administers both, joined and parted. Parts of commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from carebridge.accounts.models import User
from carebridge.audit.trail import accounted_for
from carebridge.db import lock_in_order
from carebridge.errors import InvalidInput, NotAllowed, NotFound
from scheduling.locking import lock_appointments
from scheduling.models import Appointment, Patient, PatientClinic, PatientMerge, Referral
from scheduling.permissions import clinic_ids_with
from scheduling.personal_details import search_form
from scheduling.roles import Permission


def lock_both(one: Patient, other: Patient) -> tuple[Patient, Patient]:
    """Lock two records, in use or not, and return them in the order given. Raises InvalidInput, NotFound."""
    if one.pk == other.pk:
        raise InvalidInput("These are the same record. Choose two.")
    locked = {patient.pk: patient for patient in lock_in_order(Patient, [one.pk, other.pk])}
    if len(locked) < 2:
        raise NotFound("One of the records is not on file.")
    return locked[one.pk], locked[other.pk]


def with_tombstones(patient_id: UUID) -> set[UUID]:
    """The ids of a record and of all that were merged into it, directly or by way of another."""
    found, fresh = {patient_id}, {patient_id}
    while fresh:
        fresh = set(Patient.objects.filter(merged_into__in=fresh).values_list("pk", flat=True)) - found
        found |= fresh
    return found


def lock_visits_of(*patients: Patient) -> list[Appointment]:
    """Lock all visits of records that are locked already."""
    found = Appointment.objects.filter(patient__in=[patient.pk for patient in patients])
    return lock_appointments(list(found.values_list("pk", flat=True)))


def require_everywhere(
    by: User, patients: Sequence[Patient], visits: Iterable[Appointment] = (), *, also: Iterable[int] = ()
) -> set[int]:
    """Every clinic concerned; raises NotAllowed unless `by` may merge at each. `also` are further ids of clinics."""
    known = PatientClinic.objects.filter(patient__in=[patient.pk for patient in patients])
    concerned = {*known.values_list("clinic_id", flat=True), *(visit.clinic_id for visit in visits), *also}
    allowed = set(clinic_ids_with(by, Permission.MERGE_PATIENTS))
    # Which other clinic it is would already tell where the person is treated.
    if not allowed or not concerned <= allowed:
        raise NotAllowed(
            "These records are in use at a clinic where you may not merge. Ask somebody who administers both.",
            detail={"permission": Permission.MERGE_PATIENTS.value},
        )
    return concerned


def require_in_use(*patients: Patient) -> None:
    """Raise InvalidInput when one of the records is merged away, anonymised or set aside."""
    if any(patient.merged_into_id or patient.anonymised_at or not patient.is_active for patient in patients):
        raise InvalidInput("One of the records is no longer in use. Open the patient again.")


def join(
    keep: Patient, remove: Patient, fields: Sequence[str], visits: Iterable[Appointment], *, by: User, at: datetime
) -> PatientMerge:
    """Move details, clinics and referrals to the kept record, and note what moved. `visits` will follow."""
    _exchange(keep, remove, fields)
    moved, shared = _move_clinics(keep, remove)
    referrals = list(Referral.objects.filter(patient=remove).values_list("pk", flat=True))
    Referral.objects.filter(pk__in=referrals).update(patient=keep)
    remove.merged_into = keep
    _save(remove, keep)
    return PatientMerge.objects.create(
        kept=keep,
        removed=remove,
        exchanged=list(fields),
        appointments=[visit.pk for visit in visits],
        referrals=referrals,
        clinics_moved=moved,
        clinics_shared=shared,
        kept_version=keep.version,
        merged_at=at,
        merged_by=by,
    )


def part(
    merge: PatientMerge, keep: Patient, remove: Patient, staying: Iterable[Appointment], *, by: User, at: datetime
) -> None:
    """Give the removed record back what the merge took from it, and note that. `staying` are the kept one's visits."""
    _exchange(keep, remove, merge.exchanged)
    remove.merged_into = None
    _save(remove, keep)
    _part_clinics(merge, staying=staying)
    Referral.objects.filter(pk__in=merge.referrals).update(patient=remove)
    merge.undone_at, merge.undone_by = at, by
    merge.save(update_fields=["undone_at", "undone_by"])


def _exchange(keep: Patient, remove: Patient, fields: Iterable[str]) -> None:
    for field in fields:
        ours, theirs = getattr(keep, field), getattr(remove, field)
        setattr(keep, field, theirs)
        setattr(remove, field, ours)
    for patient in (keep, remove):
        patient.search_name = search_form(patient.full_name)
        patient.version += 1


def _save(*patients: Patient) -> None:
    # Nobody may hold a PMS number twice, not even while it changes hands.
    Patient.objects.filter(pk__in=[patient.pk for patient in patients]).update(pms_number=None)
    with accounted_for():
        for patient in patients:
            patient.save()


def _move_clinics(keep: Patient, remove: Patient) -> tuple[list[int], dict[str, str]]:
    """Where only the removed one was known, now the kept one is; where both were, since when."""
    ours = set(keep.clinics.values_list("clinic_id", flat=True))
    theirs = list(remove.clinics.order_by("clinic_id"))
    shared = {str(row.clinic_id): row.since.isoformat() for row in theirs if row.clinic_id in ours}
    remove.clinics.filter(clinic__in=ours).delete()
    remove.clinics.update(patient=keep)
    return [row.clinic_id for row in theirs if row.clinic_id not in ours], shared


def _part_clinics(merge: PatientMerge, *, staying: Iterable[Appointment]) -> None:
    PatientClinic.objects.filter(patient=merge.kept_id, clinic__in=merge.clinics_moved).update(patient=merge.removed_id)
    still = {visit.clinic_id for visit in staying}.intersection(merge.clinics_moved)
    rows = [PatientClinic(patient_id=merge.kept_id, clinic_id=clinic_id) for clinic_id in still]
    PatientClinic.objects.bulk_create(rows)
    for clinic_id, since in merge.clinics_shared.items():
        row = PatientClinic.objects.create(patient_id=merge.removed_id, clinic_id=int(clinic_id))
        PatientClinic.objects.filter(pk=row.pk).update(since=since)
