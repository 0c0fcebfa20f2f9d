"""Two records of one person become one, and apart again as long as nothing that followed speaks against it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit import mask_all
from carebridge.audit.trail import log_change
from carebridge.db import command
from carebridge.errors import InvalidInput
from scheduling import record_pairs
from scheduling.errors import RecordsDiffer, StaleVersion, UndoTooLate
from scheduling.history import record_appointment, record_patient
from scheduling.locking import save_changes
from scheduling.models import Appointment, Patient, PatientMerge
from scheduling.models.appointment import OCCUPYING
from scheduling.patients import EDITABLE
from scheduling.permissions import role_at
from scheduling.record_pairs import lock_both, lock_visits_of, require_everywhere, require_in_use


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
    keep, remove = lock_both(keep, remove)
    visits = lock_visits_of(keep, remove)
    theirs = [visit for visit in visits if visit.patient_id == remove.pk]

    concerned = require_everywhere(by, [keep, remove], visits)
    _check_details(take)
    require_in_use(keep, remove)
    if versions is not None and versions != (keep.version, remove.version):
        raise StaleVersion("One of the records was changed meanwhile. Nothing was merged: compare them again.")
    _check_never_in_two_places([visit for visit in visits if visit.patient_id == keep.pk], theirs)

    merge = record_pairs.join(keep, remove, sorted(take), theirs, by=by, at=timezone.now())
    _move_visits(theirs, keep, by=by)

    _account("patient.merged", merge, keep, remove, by=by, clinic_id=min(concerned, default=None))
    return merge


@command()
def undo_merge(*, merge: PatientMerge, by: User) -> Patient:
    """Take a merge back and return the record that is in use again, with exactly what came from it.

    A visit that was moved to another time since goes along. Raises UndoTooLate when something later contradicts:
    another merge, a correction of exchanged details, a referral used by a visit that would stay; NotFound, NotAllowed.
    """
    keep, remove = lock_both(merge.kept, merge.removed)
    visits = lock_visits_of(keep)
    merge = PatientMerge.objects.select_for_update(of=("self",)).get(pk=merge.pk)
    moved = _with_successors(merge.appointments, visits)
    going = [visit for visit in visits if visit.pk in moved]
    staying = [visit for visit in visits if visit.pk not in moved]

    concerned = require_everywhere(by, [keep], visits, also=[*merge.clinics_moved, *map(int, merge.clinics_shared)])
    _check_undoable(merge, keep, remove)
    _check_referrals_part(merge, visits, moved)

    record_pairs.part(merge, keep, remove, staying, by=by, at=timezone.now())
    _move_visits(going, remove, by=by)

    _account("patient.merge_undone", merge, keep, remove, by=by, clinic_id=min(concerned, default=None))
    return remove


def _check_details(take: Collection[str]) -> None:
    if unknown := set(take) - EDITABLE:
        raise InvalidInput(fields=dict.fromkeys(sorted(unknown), "This can't be taken over."))


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
    event: str, merge: PatientMerge, keep: Patient, remove: Patient, *, by: User, clinic_id: int | None
) -> None:
    changes = {field: (mask_all(None), mask_all(None)) for field in merge.exchanged}
    record_patient(event, keep, by=by, at=timezone.now(), other=remove, changes=changes, clinic_id=clinic_id)
    log_change(
        remove,
        event=event,
        by=by,
        changes={**changes, "merged_into": (None, keep.pk) if event == "patient.merged" else (keep.pk, None)},
        clinic_id=clinic_id,
        role=role_at(by, clinic_id or 0),
    )
