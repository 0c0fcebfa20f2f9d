"""What scheduling tells the apps above it. Facts in the past tense, ids only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from carebridge.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class AppointmentEvent(DomainEvent):
    """Something happened to one appointment at an instant `at`. `day` is its local day at the clinic; instants are UTC.

    `before` is its status until then (empty for a new one), `status` the one it has when the event is told: when a
    failed handler runs again later, that of then.
    """

    at: datetime
    appointment_id: int
    appointment_type_id: int
    clinic_id: int
    doctor_id: int
    patient_id: str
    before: str
    status: str
    day: date
    starts_at: datetime
    ends_at: datetime
    time_zone: str


class AppointmentBooked(AppointmentEvent):
    pass


class AppointmentConfirmed(AppointmentEvent):
    """A pending appointment became firm."""


class AttendanceConfirmed(AppointmentEvent):
    """The patient said they will come."""


class AppointmentCancelled(AppointmentEvent):
    """Effects such as messages and offers are due after the undo window of the Cancellation row."""


class CancellationUndone(AppointmentEvent):
    pass


class AppointmentExpired(AppointmentEvent):
    pass


class AppointmentOffered(AppointmentEvent):
    """A pending time may be offered to its patient, until it lapses."""


@dataclass(frozen=True, kw_only=True)
class AppointmentRescheduled(AppointmentEvent):
    """The ids are the new appointment's; the old one's are beside them."""

    old_appointment_id: int
    old_clinic_id: int
    old_doctor_id: int
    old_day: date


class PatientCheckedIn(AppointmentEvent):
    pass


class VisitStarted(AppointmentEvent):
    pass


class VisitCompleted(AppointmentEvent):
    pass


class PatientDidNotAttend(AppointmentEvent):
    pass


class StatusUndone(AppointmentEvent):
    pass


class ReviewRequired(AppointmentEvent):
    pass


class ReviewReasonChanged(AppointmentEvent):
    """What sent the visit to review is gone, but something else still speaks against it."""


class OverrideRefused(AppointmentEvent):
    """A second person said no to a rule set aside; the visit keeps its time until it is moved or cancelled."""


class ReviewResolved(AppointmentEvent):
    pass


class NotesChanged(AppointmentEvent):
    pass


class DurationChanged(AppointmentEvent):
    """The visit ends earlier or later than before. Time that a doctor has again is told of by TimeOpened beside it."""


class PatientChanged(AppointmentEvent):
    """The visit belongs to another record now: two were merged, or parted again."""


class StartRederived(AppointmentEvent):
    """The law of the zone changed: the same wall-clock time is another instant now."""


@dataclass(frozen=True, kw_only=True)
class PatientEvent(DomainEvent):
    """Something happened to a patient's record; `other_id` is the second record concerned, if there is one."""

    patient_id: str
    other_id: str | None


class PatientsMerged(PatientEvent):
    """Rows about `other_id` are about `patient_id` now."""


class PatientMergeUndone(PatientEvent):
    """`other_id` stands for itself again."""


class PatientAnonymised(PatientEvent):
    """Whatever is kept about the patient elsewhere must lose what is personal."""


@dataclass(frozen=True, kw_only=True)
class PatientInvited(DomainEvent):
    """Staff asked a patient to choose a time by a link, at an instant `at` (UTC)."""

    at: datetime
    invitation_id: int


@dataclass(frozen=True, kw_only=True)
class CodeWanted(DomainEvent):
    """A code is due to somebody who books on the public pages. Its row says so to a sweep as well: no `event_id`."""

    event_id: int = 0


@dataclass(frozen=True, kw_only=True)
class HoldChanged(DomainEvent):
    """A time is held, held longer or given back. Holds are a courtesy and leave no history: no `event_id`."""

    event_id: int = 0
    clinic_id: int
    doctor_id: int
    starts_at: datetime


@dataclass(frozen=True, kw_only=True)
class TimeOpened(DomainEvent):
    """A doctor can be booked at a clinic from one instant (UTC) up to another, and could not until `at`.

    Told of what has dates: a block of theirs lifted, an extra session of theirs added, a closure of the clinic taken
    back, a visit of theirs made shorter. A change of recurring hours, of who is in use, or of a room or device tells
    nothing.
    """

    at: datetime
    clinic_id: int
    doctor_id: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class RosterChanged(DomainEvent):
    """Working time of a resource, or of a whole clinic, changed on these local days (both included)."""

    clinic_ids: tuple[int, ...]
    doctor_id: int | None
    resource_id: int | None
    first_day: date
    last_day: date
