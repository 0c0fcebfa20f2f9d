"""Two records of one person become one, and apart again as long as nothing that followed speaks against it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit import mask_all
from carebridge.audit.trail import accounted_for, log_change
from carebridge.db import command, lock_in_order
from carebridge.errors import InvalidInput, NotAllowed, NotFound
from scheduling.booking import save_changes
from scheduling.errors import RecordsDiffer, StaleVersion, UndoTooLate
from scheduling.history import record_appointment, record_patient
from scheduling.models import Appointment, Patient, PatientClinic, PatientMerge, Referral
from scheduling.models.appointment import OCCUPYING
from scheduling.patients import EDITABLE
from scheduling.permissions import clinic_ids_with, role_at
from scheduling.personal_details import search_form
from scheduling.placement import lock_appointments
from scheduling.roles import Permission


@command()
def merge_patients(
    *,
    keep: Patient,
    remove: Patient,
    by: User,
    take: Collection[str] = (),
    versions: tuple[int, int] | None = None,
) -> PatientMerge:
    """Make two records of one person one: everything of `remove` moves to `keep`, and its id leads there from now on.

    `take` names the details (fields of Patient) for which the removed record's value is right; the two change places.
    `versions` are those of (keep, remove) that the person compared. Raises RecordsDiffer when both have visits at the
    same time (detail "visits": pairs of references), InvalidInput, StaleVersion, NotFound, NotAllowed.
    """
    now = timezone.now()
    keep, remove = _lock_both(keep, remove)
    visits = _visits_of(keep, remove)

    concerned = _clinics_of([keep, remove], visits)
    _require_everywhere(by, concerned)
    _check_two_records(keep, remove, take)
    if versions is not None and versions != (keep.version, remove.version):
        raise StaleVersion("One of the records was changed meanwhile. Nothing was merged: compare them again.")
    theirs = [visit for visit in visits if visit.patient_id == remove.pk]
    _check_never_in_two_places([visit for visit in visits if visit.patient_id == keep.pk], theirs)

    fields = sorted(take)
    _exchange(keep, remove, fields)
    moved, shared = _move_clinics(keep, remove)
    referrals = list(Referral.objects.filter(patient=remove).values_list("pk", flat=True))
    Referral.objects.filter(pk__in=referrals).update(patient=keep)
    remove.merged_into = keep
    _save(remove, keep)
    merge = PatientMerge.objects.create(
        kept=keep,
        removed=remove,
        exchanged=fields,
        appointments=[visit.pk for visit in theirs],
        referrals=referrals,
        clinics_moved=moved,
        clinics_shared=shared,
        kept_version=keep.version,
        merged_at=now,
        merged_by=by,
    )

    _move_visits(theirs, keep, by=by)
    _account("patient.merged", keep, remove, fields, by=by, clinic_id=min(concerned, default=None))
    return merge


@command()
def undo_merge(*, merge: PatientMerge, by: User) -> Patient:
    """Take a merge back and return the record that is in use again, with exactly what came from it.

    A visit that was moved to another time since goes along. Raises UndoTooLate when something later contradicts:
    another merge, a correction of exchanged details, a referral used by a visit that would stay; NotFound, NotAllowed.
    """
    now = timezone.now()
    keep, remove = _lock_both(merge.kept, merge.removed)
    visits = _visits_of(keep)
    merge = PatientMerge.objects.select_for_update(of=("self",)).get(pk=merge.pk)
    going = _with_successors(merge.appointments, visits)

    concerned = {*_clinics_of([keep], visits), *merge.clinics_moved, *map(int, merge.clinics_shared)}
    _require_everywhere(by, concerned)
    _check_undoable(merge, keep, remove)
    _check_referrals_part(merge, visits, going)

    _exchange(keep, remove, merge.exchanged)
    remove.merged_into = None
    _save(remove, keep)
    _part_clinics(merge, staying=[visit for visit in visits if visit.pk not in going])
    Referral.objects.filter(pk__in=merge.referrals).update(patient=remove)
    merge.undone_at, merge.undone_by = now, by
    merge.save(update_fields=["undone_at", "undone_by"])

    _move_visits([visit for visit in visits if visit.pk in going], remove, by=by)
    _account("patient.merge_undone", keep, remove, merge.exchanged, by=by, clinic_id=min(concerned, default=None))
    return remove


def _lock_both(keep: Patient, remove: Patient) -> tuple[Patient, Patient]:
    if keep.pk == remove.pk:
        raise InvalidInput("These are the same record. Choose two.")
    locked = {patient.pk: patient for patient in lock_in_order(Patient, [keep.pk, remove.pk])}
    if len(locked) < 2:
        raise NotFound("One of the records is not on file.")
    return locked[keep.pk], locked[remove.pk]


def _visits_of(*patients: Patient) -> list[Appointment]:
    found = Appointment.objects.filter(patient__in=[patient.pk for patient in patients])
    return lock_appointments(list(found.values_list("pk", flat=True)))


def _clinics_of(patients: Sequence[Patient], visits: Iterable[Appointment]) -> set[int]:
    known = PatientClinic.objects.filter(patient__in=[patient.pk for patient in patients])
    return {*known.values_list("clinic_id", flat=True), *(visit.clinic_id for visit in visits)}


def _require_everywhere(by: User, clinic_ids: Collection[int]) -> None:
    allowed = set(clinic_ids_with(by, Permission.MERGE_PATIENTS))
    # Which other clinic it is would already tell where the person is treated.
    if not allowed or not set(clinic_ids) <= allowed:
        raise NotAllowed(
            "These records are in use at a clinic where you may not merge. Ask somebody who administers both.",
            detail={"permission": Permission.MERGE_PATIENTS.value},
        )


def _check_two_records(keep: Patient, remove: Patient, take: Collection[str]) -> None:
    if unknown := set(take) - EDITABLE:
        raise InvalidInput(fields=dict.fromkeys(sorted(unknown), "This can't be taken over."))
    for patient in (keep, remove):
        if patient.merged_into_id or patient.anonymised_at or not patient.is_active:
            raise InvalidInput("One of the records is no longer in use. Open the patient again.")


def _check_never_in_two_places(ours: Iterable[Appointment], theirs: Iterable[Appointment]) -> None:
    kept = [visit for visit in ours if visit.status in OCCUPYING]
    both = [
        (mine, other)
        for other in theirs
        if other.status in OCCUPYING
        for mine in kept
        if mine.starts_at < other.ends_at and other.starts_at < mine.ends_at
    ]
    if both:
        pairs = [(mine.reference, other.reference) for mine, other in both]
        words = ", ".join(f"{mine} and {other}" for mine, other in pairs[:3])
        raise RecordsDiffer(
            f"Both records have a visit at the same time: {words}. Move or cancel one of them first, or these are"
            " two people.",
            detail={"visits": pairs},
        )


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


def _with_successors(moved: Collection[int], visits: Iterable[Appointment]) -> set[int]:
    """The visits that moved, and what became of those that were given another time since."""
    going = set(moved)
    for visit in sorted(visits, key=lambda each: each.pk):
        if visit.moved_from_id in going:
            going.add(visit.pk)
    return going


def _check_undoable(merge: PatientMerge, keep: Patient, remove: Patient) -> None:
    if merge.undone_at or remove.merged_into_id != keep.pk:
        raise UndoTooLate("This merge was undone already.")
    if keep.merged_into_id:
        raise UndoTooLate("The kept record was merged into another one since. Undo that first.")
    if keep.anonymised_at:
        raise UndoTooLate("The record was anonymised; nothing is left to part.")
    if merge.exchanged and keep.version != merge.kept_version:
        raise UndoTooLate("Details were corrected since the merge, so it is no longer clear whose they are.")


def _check_referrals_part(merge: PatientMerge, visits: Iterable[Appointment], going: Collection[int]) -> None:
    for visit in visits:
        if visit.referral_id and (visit.pk in going) != (visit.referral_id in merge.referrals):
            raise UndoTooLate(f"{visit.reference} was booked since with a referral of the other record.")


def _move_visits(visits: Iterable[Appointment], to: Patient, *, by: User) -> None:
    for visit in visits:
        before, visit.patient = visit.patient_id, to
        save_changes(visit, "patient")
        changes = {"patient": (before, to.pk)}
        record_appointment("appointment.patient_changed", visit, by=by, at=timezone.now(), changes=changes)


def _account(
    event: str, keep: Patient, remove: Patient, fields: Iterable[str], *, by: User, clinic_id: int | None
) -> None:
    changes = {field: (mask_all(None), mask_all(None)) for field in fields}
    record_patient(event, keep, by=by, at=timezone.now(), other=remove, changes=changes, clinic_id=clinic_id)
    log_change(
        remove,
        event=event,
        by=by,
        changes={**changes, "merged_into": (None, keep.pk) if event == "patient.merged" else (keep.pk, None)},
        clinic_id=clinic_id,
        role=role_at(by, clinic_id or 0),
    )
