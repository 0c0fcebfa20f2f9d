"""Is it allowed now? Pure rules over loaded facts; who may do it is `scheduling.permissions`.

Each rule answers with the reasons against it; an empty list means allowed. Boundaries are inclusive in the
patient's favour: exactly at the cut-off minute is still in time.
"""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from scheduling import periods
from scheduling.models import AppointmentType, Clinic, Patient, Referral
from scheduling.reasons import Reason, may_be_overridden

if TYPE_CHECKING:
    from collections.abc import Iterable


PATIENT_RULES = frozenset(
    {
        "too_young",
        "too_old",
        "wrong_sex",
        "not_new",
        "not_returning",
        "referral_missing",
        "referral_other_patient",
        "referral_other_service",
        "referral_expired",
        "referral_used_up",
        "too_many_open",
        "patient_busy",
    }
)
"""Codes of the rules about the patient; all others are about the time."""
JUDGED_ONCE = PATIENT_RULES - {"patient_busy"} | {"too_soon", "too_far"}
"""Codes of the rules that were judged when a visit was booked: it keeps its time, or gets it back, without them."""


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """What the rules need to know of a patient's other visits, read under the patient's lock."""

    open_appointments: int
    overlapping_reference: str | None
    """Empty for a visit at another clinic: that the patient is busy then is all that may be said."""
    is_returning: bool
    referral_visits_used: int
    is_known_at_clinic: bool


class SetsWindow(Protocol):
    """An appointment type, or the booking numbers of one; None means that the clinic's number holds."""

    @property
    def min_notice_minutes(self) -> int | None: ...
    @property
    def max_advance_days(self) -> int | None: ...


class ClinicWindow(Protocol):
    """A clinic, or the booking numbers of one."""

    @property
    def min_notice_minutes(self) -> int: ...
    @property
    def max_advance_days(self) -> int: ...
    @property
    def zone(self) -> zoneinfo.ZoneInfo: ...


def booking_window(appointment_type: SetsWindow, clinic: ClinicWindow, now: datetime) -> tuple[datetime, datetime]:
    """The UTC instants between which a visit may start: `earliest <= start < latest`.

    Notice is elapsed minutes. The advance is counted in the clinic's local days and includes the whole last one,
    so a clock change moves no boundary.
    """
    notice, advance = appointment_type.min_notice_minutes, appointment_type.max_advance_days
    notice = clinic.min_notice_minutes if notice is None else notice
    advance = clinic.max_advance_days if advance is None else advance
    last_day = now.astimezone(clinic.zone).date() + timedelta(days=advance)
    return now + timedelta(minutes=notice), periods.local_day_bounds(last_day, clinic.zone)[1]


def eligibility(
    appointment_type: AppointmentType, patient: Patient, day: date, facts: PatientFacts, referral: Referral | None
) -> list[Reason]:
    """Whether this patient may have this type on a local day: age, sex, new or returning, referral."""
    return [
        *_age(appointment_type, patient, day),
        *_sex(appointment_type, patient),
        *_new_or_returning(appointment_type, facts),
        *_referral(appointment_type, patient, day, facts, referral),
    ]


def _age(appointment_type: AppointmentType, patient: Patient, day: date) -> Iterable[Reason]:
    age, low, high = patient.age_on(day), appointment_type.min_age, appointment_type.max_age
    if low is not None and age < low:
        yield may_be_overridden(
            "too_young", f"This visit is for patients from {low} years; on that day the patient is {age}."
        )
    if high is not None and age > high:
        yield may_be_overridden(
            "too_old", f"This visit is for patients up to {high} years; on that day the patient is {age}."
        )


def _sex(appointment_type: AppointmentType, patient: Patient) -> Iterable[Reason]:
    wanted = appointment_type.sex
    if wanted and patient.sex != wanted:
        yield may_be_overridden(
            "wrong_sex", f"This visit is for {wanted} patients; the record says {patient.get_sex_display()}."
        )


def _new_or_returning(appointment_type: AppointmentType, facts: PatientFacts) -> Iterable[Reason]:
    kinds = AppointmentType.PatientKind
    if appointment_type.patient_kind == kinds.NEW and facts.is_returning:
        yield may_be_overridden(
            "not_new", "This visit is for new patients; this patient has been seen for this service before."
        )
    if appointment_type.patient_kind == kinds.RETURNING and not facts.is_returning:
        yield may_be_overridden(
            "not_returning", "This visit is for patients already seen for this service. Book a first visit."
        )


def _referral(
    appointment_type: AppointmentType, patient: Patient, day: date, facts: PatientFacts, referral: Referral | None
) -> Iterable[Reason]:
    if referral is None:
        if appointment_type.requires_referral:
            yield may_be_overridden(
                "referral_missing", "This visit needs a referral. Record it, or choose one on file."
            )
        return
    if referral.patient_id != patient.pk:
        yield Reason("referral_other_patient", "That referral belongs to another patient.")
    elif referral.service_id not in (None, appointment_type.service_id):
        yield may_be_overridden("referral_other_service", f"Referral {referral.number} is for another service.")
    elif not referral.valid_from <= day <= referral.valid_until:
        yield may_be_overridden("referral_expired", f"Referral {referral.number} is not valid on that day.")
    elif facts.referral_visits_used >= referral.visits_allowed:
        yield may_be_overridden("referral_used_up", f"Referral {referral.number} has no visits left.")


def patient_load(clinic: Clinic, facts: PatientFacts) -> list[Reason]:
    """A cap on future visits, and nobody is in two places at once."""
    reasons = []
    if facts.open_appointments >= clinic.max_open_appointments:
        message = f"The patient already has {facts.open_appointments} visits to come, the most allowed."
        reasons.append(may_be_overridden("too_many_open", message))
    if facts.overlapping_reference is not None:
        other = facts.overlapping_reference or "a visit at another clinic"
        message = f"The patient already has {other} at that time."
        reasons.append(may_be_overridden("patient_busy", message))
    return reasons


def cancel_cutoff(appointment_type: AppointmentType, clinic: Clinic, starts_at: datetime) -> datetime:
    """Last instant at which a cancellation is in time. Elapsed time, so a clock change does not shorten it."""
    own = appointment_type.cancel_cutoff_minutes
    return starts_at - timedelta(minutes=clinic.cancel_cutoff_minutes if own is None else own)


def reschedule_cutoff(appointment_type: AppointmentType, clinic: Clinic, starts_at: datetime) -> datetime:
    """Last instant at which a visit may be moved without an exception."""
    own = appointment_type.reschedule_cutoff_minutes
    return starts_at - timedelta(minutes=clinic.reschedule_cutoff_minutes if own is None else own)
