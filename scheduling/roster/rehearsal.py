"""What would a roster change do? Counts and names for the person about to make it; nothing is written or locked.

The commands find the visits concerned with the same function, so the preview promises what the change keeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from carebridge.accounts.models import User
from scheduling.models import (
    Appointment,
    Clinic,
    ClinicClosure,
    ExtraSession,
    Patient,
    Resource,
    ScheduleBlock,
    Status,
    WorkingHours,
)
from scheduling.permissions import clinic_ids_with, may_with
from scheduling.roles import Permission
from scheduling.roster.blocks import blocking, lifting
from scheduling.roster.consequences import Revision, consequences_of
from scheduling.roster.extra_sessions import removing
from scheduling.roster.in_use import concerned, using
from scheduling.roster.opening import Opening, opening
from scheduling.roster.revisions import changed, changing, types_after
from scheduling.roster.rights import require_configuring, require_roster, require_roster_of, require_span


@dataclass(frozen=True)
class Displaced:
    """A visit that would move to review, whether its patient could be told, and who it is for those who may know."""

    appointment: Appointment
    reachable: bool
    patient_name: str


@dataclass(frozen=True)
class Rehearsal:
    """What a change would do. The counts are complete; `visits` are those the user may see, soonest first."""

    displaced: int
    unreachable: int
    returning: int
    visits: Sequence[Displaced]

    @property
    def hidden(self) -> int:
        """Visits hit at clinics whose schedule the user may not see."""
        return self.displaced - len(self.visits)


def rehearse_block(
    *, resource: Resource, kind: str, starts_at: datetime, ends_at: datetime, by: User, now: datetime | None = None
) -> Rehearsal:
    """What blocking a resource between two aware instants would do. Raises InvalidInput, NotAllowed."""
    require_span(starts_at, ends_at)
    require_roster_of(by, resource, starts_at, ends_at)
    block = ScheduleBlock(resource=resource, kind=kind, starts_at=starts_at, ends_at=ends_at)
    return rehearse(blocking(block), by=by, now=now)


def rehearse_lift(*, block: ScheduleBlock, by: User, now: datetime | None = None) -> Rehearsal:
    """What lifting a block would do. Raises NotAllowed."""
    require_roster_of(by, block.resource, block.starts_at, block.ends_at)
    return rehearse(lifting(block), by=by, now=now)


def rehearse_closure(
    *, clinic: Clinic, starts_at: datetime, ends_at: datetime, by: User, now: datetime | None = None
) -> Rehearsal:
    """What closing a clinic between two aware instants would do. Raises InvalidInput, NotAllowed."""
    require_span(starts_at, ends_at)
    require_roster(by, [clinic.pk])
    closure = ClinicClosure(clinic=clinic, starts_at=starts_at, ends_at=ends_at, reason="")
    return rehearse(opening(clinic, close=[closure]), by=by, now=now)


def rehearse_opening_hours(
    *, clinic: Clinic, hours: Sequence[Opening], by: User, now: datetime | None = None
) -> Rehearsal:
    """What a new week of a clinic would do. Raises NotAllowed."""
    require_roster(by, [clinic.pk])
    return rehearse(opening(clinic, hours=hours), by=by, now=now)


def rehearse_hours(*, hours: WorkingHours, by: User, now: datetime | None = None, **changes: object) -> Rehearsal:
    """What changing a weekly session would do. Raises RosterConflict, NotAllowed."""
    require_roster(by, [hours.clinic_id])
    revision = changing(hours, changed(hours, changes), types_after(hours, changes))
    revision.policy()
    return rehearse(revision, by=by, now=now)


def rehearse_session_removal(*, session: ExtraSession, by: User, now: datetime | None = None) -> Rehearsal:
    """What removing an extra session would do. Raises NotAllowed."""
    require_roster(by, [session.clinic_id])
    return rehearse(removing(session), by=by, now=now)


def rehearse_use(
    *,
    resource: Resource,
    by: User,
    in_use: bool | None = None,
    keeps_own_hours: bool | None = None,
    now: datetime | None = None,
) -> Rehearsal:
    """What `revise_use` would do. Raises NotAllowed."""
    require_configuring(by, concerned(resource))
    return rehearse(using(resource, in_use=in_use, keeps_own_hours=keeps_own_hours), by=by, now=now)


def rehearse_clinic_use(*, clinic: Clinic, in_use: bool, by: User, now: datetime | None = None) -> Rehearsal:
    """What taking a clinic out of use, or putting it back, would do. Raises NotAllowed."""
    require_configuring(by, [clinic.pk])
    return rehearse(opening(clinic, in_use=in_use), by=by, now=now)


def rehearse(revision: Revision, *, by: User, now: datetime | None = None) -> Rehearsal:
    """What a change would do, as far as `by` may know. Five statements or so, however many visits."""
    consequences = consequences_of(revision, now=now or timezone.now())
    hit = Appointment.objects.filter(pk__in=consequences.displaced).select_related("patient")
    reachable = {visit.pk for visit in hit if can_be_told(visit.patient)}
    visible = hit.visible_to(by).select_related("clinic", "doctor", "appointment_type__service").order_by("starts_at")
    return Rehearsal(
        displaced=len(consequences.displaced),
        unreachable=len(consequences.displaced) - len(reachable),
        returning=len(consequences.regained),
        visits=[Displaced(visit, visit.pk in reachable, _name_for(by, visit)) for visit in visible],
    )


def _name_for(user: User, visit: Appointment) -> str:
    return visit.patient.full_name if may_with(user, Permission.SEE_PATIENTS, visit) else ""


def can_be_told(patient: Patient) -> bool:
    """Whether any way to reach the patient in time is on file and consented to: text, e-mail or a call."""
    by_text = bool(patient.mobile) and patient.consents_to_sms
    by_email = bool(patient.email) and patient.consents_to_email
    # A call needs no consent to messages, and a mobile can be called too.
    return by_text or by_email or bool(patient.phone or patient.mobile)


def awaiting_review(user: User) -> QuerySet[Appointment]:
    """The worklist: visits that need somebody's decision at clinics whose schedule the user sees, soonest first."""
    return (
        Appointment.objects.visible_to(user)
        .filter(status=Status.REQUIRES_REVIEW, clinic__in=clinic_ids_with(user, Permission.SEE_SCHEDULE))
        .select_related("patient", "clinic", "doctor", "appointment_type__service", "overridden_by")
        .order_by("starts_at", "pk")
    )
