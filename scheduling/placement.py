"""Finding room for one visit inside a command: lock, look, decide. Booking, moving and undoing a cancellation share it.

Locks come in the one order that every command keeps: patient, appointments, clinic and type, resources.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Model

from carebridge.accounts.models import User
from carebridge.db import lock_for_share
from carebridge.errors import DomainError
from scheduling import availability, ledger, policies
from scheduling.errors import (
    OverrideNotAllowed,
    PolicyRefused,
    SlotHeld,
    SlotTaken,
    SlotUnavailable,
)
from scheduling.models import AppointmentType, Clinic, Doctor, Patient, Referral
from scheduling.models.appointment import OCCUPYING, UPCOMING
from scheduling.permissions import may
from scheduling.policies import PatientFacts
from scheduling.reasons import Reason
from scheduling.roles import Permission
from scheduling.withheld import refuse_withheld

TAKEN = frozenset({"doctor_busy", "no_resource"})
"""Reasons that mean: somebody else has it. The only ones for which an override makes overbooked rows."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody asks for. `starts_at` is an aware instant; `hold` the owner token of a hold, if any.

    `set_aside` are rules already overridden for this visit, which an undo or a move need not argue again. A patient
    (`by_patient`) gets no time that is being offered to those who wait.
    """

    patient: Patient
    appointment_type: AppointmentType
    doctor: Doctor
    clinic: Clinic
    starts_at: datetime
    now: datetime
    referral: Referral | None = None
    hold: str = ""
    override_reason: str = ""
    set_aside: frozenset[str] = frozenset()
    ignoring: int | None = None
    by_patient: bool = False


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Yes: these ledger rows, with these rules newly set aside; perhaps over something that is already there."""

    plan: availability.VisitPlan
    allotments: Sequence[availability.Allotment]
    overridden: Sequence[str]
    may_overbook: bool
    patient_known_here: bool


def lock_visit(wish: Wish, *, also: Collection[int] = ()) -> tuple[Wish, availability.VisitPlan]:
    """Lock the clinic and type against their editors, then every resource that could serve; plan the visit.

    `also` are further resources that the command will touch, such as those being given back. The wish is returned
    with the clinic and type as they are under the locks.
    """
    wish, plan = plan_visit(wish)
    return wish, lock_candidates([plan], also)[0]


def plan_visit(wish: Wish) -> tuple[Wish, availability.VisitPlan]:
    """What the visit needs, read with the clinic, the type and the referral, if any, locked against their editors."""
    rows: list[tuple[type[Model], object]] = [(Clinic, wish.clinic.pk), (AppointmentType, wish.appointment_type.pk)]
    if wish.referral:
        rows.append((Referral, wish.referral.pk))
    clinic, appointment_type, *referral = lock_for_share(*rows)
    wish = replace(wish, clinic=clinic, appointment_type=appointment_type, referral=next(iter(referral), None))
    return wish, availability.load_plan(appointment_type, wish.doctor, clinic)


def lock_candidates(plans: Sequence[availability.VisitPlan], also: Collection[int]) -> list[availability.VisitPlan]:
    """Lock everything the plans could take, ascending in one statement; what meanwhile went out of use drops out."""
    wanted = {candidate for plan in plans for candidate in plan.candidate_ids}
    in_use = ledger.lock_resources({*wanted, *also})
    return [plan.keep_only(in_use) for plan in plans]


def decide(wish: Wish, plan: availability.VisitPlan, *, by: User | None) -> Decision:
    """Apply every rule to the wish from rows read under the locks.

    Raises SlotTaken, SlotHeld, SlotUnavailable or PolicyRefused with all reasons; OverrideNotAllowed when a reason
    for an override is given by somebody who may not override. A doctor who is booked already is refused with that
    reason alone.
    """
    if wish.by_patient:
        refuse_withheld(plan, wish.starts_at, wish.now)
    source = availability.fresh_source(plan, wish.starts_at, owner=wish.hold)
    refuse_booked(wish, plan, source)
    facts = source.facts(labelled=True)
    assessment = availability.assess(plan=plan, starts_at=wish.starts_at, facts=facts, now=wish.now)
    patient_facts = load_patient_facts(wish, minutes=plan.duration_minutes)
    day = wish.starts_at.astimezone(wish.clinic.zone).date()
    reasons = [
        *assessment.reasons,
        *policies.eligibility(wish.appointment_type, wish.patient, day, patient_facts, wish.referral),
        *policies.patient_load(wish.clinic, patient_facts),
    ]
    open_reasons = [reason for reason in reasons if reason.code not in wish.set_aside]
    settle(open_reasons, wish=wish, by=by)
    return Decision(
        plan=plan,
        allotments=assessment.allotments,
        overridden=sorted({reason.code for reason in open_reasons}),
        may_overbook=any(reason.code in TAKEN for reason in reasons),
        patient_known_here=patient_facts.is_known_at_clinic,
    )


def refuse_booked(wish: Wish, plan: availability.VisitPlan, source: availability.FactSource) -> None:
    """Raise SlotTaken at the ledger's first word, unless somebody means to override it.

    Whoever lost a race holds the locks that others wait for: the sooner they let go, the better.
    """
    if wish.override_reason.strip() or "doctor_busy" in wish.set_aside or not plan.offered:
        return
    if booked := availability.booked_already(plan=plan, starts_at=wish.starts_at, source=source, now=wish.now):
        raise refusal([booked])


def settle(reasons: Sequence[Reason], *, wish: Wish, by: User | None) -> None:
    """Accept the reasons against the wish as overridden, or raise the refusal."""
    if not reasons:
        return
    if not wish.override_reason.strip() or not all(reason.overridable for reason in reasons):
        raise refusal(reasons)
    if by is None or not may(by, Permission.OVERRIDE, wish.clinic.pk):
        raise OverrideNotAllowed


def refusal(reasons: Sequence[Reason]) -> DomainError:
    """The error that says why not, with every reason in its detail."""
    detail = {"reasons": [reason.as_dict() for reason in reasons]}
    codes = {reason.code for reason in reasons}
    if codes <= TAKEN:
        return SlotTaken(detail=detail)
    if codes <= {"held", *TAKEN}:
        return SlotHeld(detail=detail)
    # What can't be overridden comes first, and the schedule's own reasons before the patient's.
    first = min((reason for reason in reasons if reason.code not in TAKEN), key=lambda reason: reason.overridable)
    error = PolicyRefused if first.code in policies.PATIENT_RULES else SlotUnavailable
    return error(first.message, code=first.code, detail=detail)


def load_patient_facts(wish: Wish, *, minutes: int) -> PatientFacts:
    """The patient's other visits, in one statement."""
    asked: dict[str, Any] = {
        "patient": wish.patient.pk,
        "ignoring": wish.ignoring or 0,
        "now": wish.now,
        "starts_at": wish.starts_at,
        "ends_at": wish.starts_at + timedelta(minutes=minutes),
        "service": wish.appointment_type.service_id,
        "referral": wish.referral.pk if wish.referral else None,
        "clinic": wish.clinic.pk,
        "upcoming": [status.value for status in UPCOMING],
        "occupying": [status.value for status in OCCUPYING],
    }
    with connection.cursor() as cursor:
        cursor.execute(_PATIENT_FACTS, asked)
        return PatientFacts(*cursor.fetchone())


# As SQL, because building this as a queryset took a sixth of a whole booking's processor time.
_PATIENT_FACTS = """
WITH others AS (
    SELECT a.* FROM scheduling_appointment a WHERE a.patient_id = %(patient)s AND a.id <> %(ignoring)s
)
SELECT (SELECT count(*) FROM others WHERE status = ANY(%(upcoming)s) AND starts_at > %(now)s),
       (SELECT CASE WHEN clinic_id = %(clinic)s THEN reference ELSE '' END FROM others
        WHERE status = ANY(%(occupying)s) AND starts_at < %(ends_at)s AND ends_at > %(starts_at)s
        ORDER BY clinic_id <> %(clinic)s LIMIT 1),
       EXISTS (SELECT FROM others JOIN scheduling_appointmenttype t ON t.id = others.appointment_type_id
               WHERE others.status = 'completed' AND t.service_id = %(service)s),
       (SELECT count(*) FROM others WHERE referral_id = %(referral)s AND status = ANY(%(occupying)s)),
       EXISTS (SELECT FROM scheduling_patientclinic WHERE patient_id = %(patient)s AND clinic_id = %(clinic)s)
"""
