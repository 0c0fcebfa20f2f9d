"""Writing down which messages a visit needs, in the transaction of the change that makes them needed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from reminders import reasons, rules, timing
from reminders.kinds import BEFORE_VISIT, CANNOT_WAIT, TELLING
from reminders.models import Kind, Reminder, RuleVersion, State
from reminders.models.reminder import OPEN
from scheduling.events import AppointmentEvent
from scheduling.models import Appointment, BookingInvitation, Status
from scheduling.models.appointment import OCCUPYING

COLUMNS = (
    "key",
    "kind",
    "version_id",
    "clinic_id",
    "appointment_id",
    "patient_id",
    "user_id",
    "starts_at",
    "state",
    "reason",
    "due_at",
    "not_after",
    "next_try_at",
)
"""What a new message brings along. Nothing has become of it yet, so the rest is blank."""
BLANK = ("medium", "language", "provider", "provider_id", "provider_words")
INSERT = f"INSERT INTO reminders_reminder ({', '.join(COLUMNS + BLANK)}, tries, created_at)"
_ROW = ["%s"] * len(COLUMNS) + ["''"] * len(BLANK) + ["0", "now()"]
VALUES = f"({', '.join(_ROW)})"
ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class Visit:
    """What planning knows of an appointment: all of it is in the event, so that a booking is not asked again."""

    appointment_id: int
    appointment_type_id: int
    clinic_id: int
    patient_id: str
    status: str
    times: timing.Times

    @classmethod
    def of_event(cls, event: AppointmentEvent, *, booked_at: datetime | None = None) -> Visit:
        """The visit that an event is about; booked when the event happened, unless said otherwise."""
        times = timing.Times(event.starts_at, event.ends_at, booked_at or event.at, ZoneInfo(event.time_zone))
        return cls(
            event.appointment_id,
            event.appointment_type_id,
            event.clinic_id,
            event.patient_id,
            event.status,
            times,
        )

    @classmethod
    def of_appointment(cls, row: Appointment) -> Visit:
        """The visit as its row has it."""
        times = timing.Times(row.starts_at, row.ends_at, row.created_at, ZoneInfo(row.time_zone))
        return cls(row.pk, row.appointment_type_id, row.clinic_id, str(row.patient_id), row.status, times)

    @property
    def is_firm(self) -> bool:
        """Whether the patient has this time, so that there is something to write about."""
        return self.status in OCCUPYING and self.status != Status.PENDING


def drafts(visit: Visit, kinds: Collection[str], *, now: datetime, told_at: datetime | None = None) -> list[Reminder]:
    """The messages of these kinds that the rules want for a visit, unsaved: also those that won't go out, saying why.

    `told_at` is when the event happened that a message such as CANCELLED tells of. Reads rules from the cache only.
    """
    book = rules.current_book(knowing_type=visit.appointment_type_id)
    versions = book.active(visit.clinic_id, visit.appointment_type_id, kinds)
    return [_draft(visit, version, now=now, told_at=told_at) for version in versions]


def _draft(visit: Visit, version: RuleVersion, *, now: datetime, told_at: datetime | None) -> Reminder:
    kind = version.rule.kind
    when = timing.timed(kind, version, visit.times, now=now, told_at=told_at)
    reason = when.reason
    if not reason and visit.status == Status.REQUIRES_REVIEW:
        reason = reasons.IN_REVIEW
    # Where somebody might come in vain and can't be written to in time, it is a failure that a person must settle.
    lost = reason == reasons.NO_TIME_LEFT and kind in CANNOT_WAIT and visit.times.starts_at > now
    return Reminder(
        kind=kind,
        version=version,
        clinic_id=visit.clinic_id,
        appointment_id=visit.appointment_id,
        patient_id=visit.patient_id,
        starts_at=visit.times.starts_at,
        state=State.FAILED if lost else State.SUPPRESSED if reason else State.PLANNED,
        reason=reason,
        due_at=when.due_at,
        not_after=when.not_after,
        next_try_at=when.due_at,
    )


def write(wanted: Iterable[Reminder]) -> None:
    """Insert messages in one statement, or a few for a great many; one that is planned already is left as it is."""
    rows = [[getattr(each, column) for column in COLUMNS] for each in wanted]
    # As SQL, because every booking does it, and building it with the ORM took three times as long as running it.
    with connection.cursor() as cursor:
        for first in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[first : first + ROWS_AT_ONCE]
            statement = f"{INSERT} VALUES {', '.join([VALUES] * len(some))} ON CONFLICT DO NOTHING"
            cursor.execute(statement, [value for row in some for value in row])


def withdraw(appointment_id: int, reason: str, *, kinds: Collection[str] | None = None) -> None:
    """Suppress what is still to be sent about an appointment to its patient, all kinds unless given, saying why.

    Visits that a withdrawn message was to tell of as well are planned for themselves again.
    """
    # State stands in the condition of the UPDATE itself: a row that delivery has claimed meanwhile is not touched.
    waiting = Q(state=State.PLANNED) | Q(state=State.JOINED, joined_to__in=Reminder.objects.filter(state__in=OPEN))
    if reason != reasons.IN_REVIEW:
        waiting |= Q(state=State.SUPPRESSED, reason=reasons.IN_REVIEW)
    about = Reminder.objects.filter(waiting, appointment=appointment_id, user=None)
    if kinds is not None:
        about = about.filter(kind__in=kinds)
    about.update(state=State.SUPPRESSED, reason=reason, joined_to=None)
    release_joined(Reminder.objects.filter(appointment=appointment_id, state=State.SUPPRESSED))


def release_joined(mains: QuerySet[Reminder]) -> int:
    """Plan visits for themselves again that were to be told of by messages which won't be sent. How many."""
    return Reminder.objects.filter(joined_to__in=mains, state=State.JOINED).update(state=State.PLANNED, joined_to=None)


def revive(appointment_id: int, reasons_gone: Collection[str], *, now: datetime) -> None:
    """Plan again what was suppressed for reasons that no longer hold, if there is time for it."""
    back = Reminder.objects.filter(
        appointment=appointment_id, user=None, state=State.SUPPRESSED, reason__in=reasons_gone
    )
    back.filter(not_after__gt=now).update(state=State.PLANNED, reason="", next_try_at=F("due_at"))
    back.update(reason=reasons.NO_TIME_LEFT)


def take_back(appointment_id: int, kinds: Collection[str]) -> bool:
    """Withdraw messages about something that was undone. Whether one of them can have reached the patient already."""
    withdraw(appointment_id, reasons.UNDONE, kinds=kinds)
    about = Reminder.objects.filter(appointment=appointment_id, kind__in=kinds)
    out = Q(state__in=[State.SENDING, State.SENT, State.DELIVERED])
    return about.filter(out | Q(reason=reasons.SAID_IN_ANSWER)).exists()


def plan_new(event: AppointmentEvent, *, announced_by: Kind = Kind.BOOKED) -> None:
    """Plan everything that a visit needs from now on: word of it, and what leads up to it. Nothing for a pending one.

    One statement, as long as the rules are in the cache.
    """
    visit = Visit.of_event(event)
    if visit.is_firm:
        kinds = BEFORE_VISIT | {announced_by}
        write(drafts(visit, kinds, now=max(event.at, timezone.now()), told_at=event.at))


def plan_invitation(invitation: BookingInvitation, *, at: datetime) -> None:
    """Plan the message that asks a patient to choose a time, as the rules for that type of visit want it."""
    clinic, now = invitation.clinic, timezone.now()
    # There is no visit yet: the link's end stands for its start, after which nothing is to be said.
    times = timing.Times(invitation.expires_at, invitation.expires_at, at, clinic.zone)
    book = rules.current_book(knowing_type=invitation.appointment_type_id)
    for version in book.active(clinic.pk, invitation.appointment_type_id, {Kind.INVITATION}):
        when = timing.timed(Kind.INVITATION, version, times, now=now, told_at=at)
        Reminder.objects.create(
            kind=Kind.INVITATION,
            version=version,
            clinic=clinic,
            patient_id=invitation.patient_id,
            invitation=invitation,
            state=State.FAILED if when.reason else State.PLANNED,
            reason=when.reason,
            due_at=when.due_at,
            not_after=when.not_after,
            next_try_at=when.due_at,
        )


def follow_start(appointment_id: int, starts_at: datetime) -> None:
    """Let unsent word of a booking or move go on for a visit whose wall-clock time now is another instant."""
    waiting = Reminder.objects.filter(appointment=appointment_id, kind__in=TELLING, state=State.PLANNED, user=None)
    waiting.update(starts_at=starts_at, not_after=F("not_after") + (starts_at - F("starts_at")))
