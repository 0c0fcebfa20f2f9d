"""One appointment in full: facts, what the viewer may see of the patient, and its history in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection

from scheduling import policies
from scheduling.models import Allocation, Answer, Appointment, Cancellation, Status
from scheduling.models.resource import ResourceKind
from scheduling.permissions import may_read, may_read_override, may_with
from scheduling.queries.history_words import Entry, history_of
from scheduling.roles import Permission

if TYPE_CHECKING:
    from carebridge.accounts.models import User

RECENT_VISITS = 6
NEEDS = {"wheelchair": "uses a wheelchair", "interpreter": "needs an interpreter", "hearing": "hard of hearing"}
NEEDS["vision"] = "impaired vision"

CHAIN = """
WITH RECURSIVE chain AS (
    SELECT id, moved_from_id FROM scheduling_appointment WHERE id = %s
    UNION ALL
    SELECT earlier.id, earlier.moved_from_id FROM scheduling_appointment earlier
    JOIN chain ON earlier.id = chain.moved_from_id)
SELECT id FROM chain
"""
NEWEST = """
WITH RECURSIVE chain AS (
    SELECT id, 0 AS step FROM scheduling_appointment WHERE reference = %s
    UNION ALL
    SELECT later.id, chain.step + 1 FROM scheduling_appointment later JOIN chain ON later.moved_from_id = chain.id)
SELECT id FROM chain ORDER BY step DESC
"""
RELATED = (
    "patient",
    "appointment_type__service",
    "doctor__resource",
    "clinic",
    "referral",
    "created_by",
    "overridden_by",
)


@dataclass(frozen=True, slots=True)
class Used:
    """Something the visit occupies beside the doctor; `when` only where it differs from the visit's own time."""

    name: str
    kind: str
    when: str


@dataclass(frozen=True, slots=True)
class Sight:
    """What this viewer may see and do with this appointment's personal side."""

    names: bool
    contacts: bool
    notes: bool
    history: bool
    override: bool


@dataclass(frozen=True, slots=True)
class Drawer:
    """Everything the drawer shows."""

    appointment: Appointment
    sight: Sight
    asked_for: str
    rooms: Sequence[Used]
    others: Sequence[Used]
    age: int
    alert: str
    missed: str
    cancellation: Cancellation | None
    answers: Sequence[Answer]
    history: Sequence[Entry]
    now: datetime

    @property
    def name(self) -> str:
        return self.appointment.patient.full_name if self.sight.names else f"Patient {self.appointment.reference}"

    @property
    def was_moved(self) -> bool:
        """The address names the appointment this one replaced."""
        return self.asked_for != self.appointment.reference

    @property
    def waiting(self) -> int | None:
        """Minutes in the waiting room."""
        since = self.appointment.checked_in_at
        if self.appointment.status != Status.CHECKED_IN or since is None:
            return None
        return max(0, int((self.now - since).total_seconds() // 60))

    @property
    def cancel_is_late(self) -> bool:
        a = self.appointment
        return self.now > policies.cancel_cutoff(a.appointment_type, a.clinic, a.starts_at)

    @property
    def move_is_late(self) -> bool:
        a = self.appointment
        return self.now > policies.reschedule_cutoff(a.appointment_type, a.clinic, a.starts_at)


def find_appointment(user: User, reference: str) -> Appointment | None:
    """The appointment of that name as it stands now: an old reference leads to the one it was moved to.

    None for what the user may not see; if only the later one is hidden, the earlier is shown.
    """
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, [reference])
        ids = [row[0] for row in cursor.fetchall()]
    seen = {each.pk: each for each in Appointment.objects.visible_to(user).select_related(*RELATED).filter(pk__in=ids)}
    return next((seen[each] for each in ids if each in seen), None)


def drawer_of(appointment: Appointment, user: User, *, now: datetime, asked_for: str = "") -> Drawer:
    """The drawer of an appointment that the user may see. A constant number of statements."""
    sight = Sight(
        names=may_read(user, Permission.SEE_PATIENTS, appointment),
        contacts=may_with(user, Permission.SEE_CONTACTS, appointment),
        notes=may_read(user, Permission.SEE_NOTES, appointment),
        history=may_read(user, Permission.SEE_HISTORY, appointment),
        override=may_read_override(user, appointment),
    )
    used = used_by(appointment)
    cancelled = appointment.cancellations.filter(undone_at=None).select_related("reason", "cancelled_by").first()
    return Drawer(
        appointment=appointment,
        sight=sight,
        asked_for=asked_for or appointment.reference,
        rooms=[each for each in used if each.kind == ResourceKind.ROOM],
        others=[each for each in used if each.kind != ResourceKind.ROOM],
        age=appointment.patient.age_on(appointment.local_date),
        alert=alert_of(appointment) if sight.names else "",
        missed=missed_of(appointment, user) if sight.names else "",
        cancellation=cancelled,
        answers=list(appointment.answers.all()) if sight.notes else [],
        history=history_of(chain_of(appointment), appointment) if sight.history else [],
        now=now,
    )


def chain_of(appointment: Appointment) -> list[int]:
    """Ids of the appointment and of those it was moved from."""
    with connection.cursor() as cursor:
        cursor.execute(CHAIN, [appointment.pk])
        return [row[0] for row in cursor.fetchall()]


def used_by(appointment: Appointment) -> list[Used]:
    """Rooms, equipment and people the visit occupies, or last occupied, beside its doctor."""
    rows = Allocation.objects.filter(appointment=appointment).exclude(resource=appointment.doctor.resource_id)
    live = [
        row for row in rows.select_related("resource").order_by("id") if appointment.occupies == (not row.released_at)
    ]
    zone = appointment.clinic.zone
    used = [
        Used(
            name=row.resource.name,
            kind=row.resource.kind,
            when=""
            if (row.during.lower, row.during.upper) == (appointment.starts_at, appointment.ends_at)
            else f"{row.during.lower.astimezone(zone):%H:%M} to {row.during.upper.astimezone(zone):%H:%M}",
        )
        for row in live
    ]
    return list(dict.fromkeys(used))


def alert_of(appointment: Appointment) -> str:
    """What to know before speaking to the patient."""
    patient = appointment.patient
    needs = ", ".join(NEEDS.get(need, need) for need in patient.access_needs)
    return ". ".join(filter(None, (patient.contact_note, needs.capitalize())))


def missed_of(appointment: Appointment, user: User) -> str:
    """How reliable the patient was lately, in words, when there is something to say."""
    past = Appointment.objects.visible_to(user).filter(
        patient=appointment.patient_id,
        starts_at__lt=appointment.starts_at,
        status__in=[Status.COMPLETED, Status.NO_SHOW],
    )
    recent = Counter(past.order_by("-starts_at").values_list("status", flat=True)[:RECENT_VISITS])
    missed, total = recent[Status.NO_SHOW], recent.total()
    if not missed:
        return ""
    return f"Missed {missed} of the last {total} appointments" if total > 1 else "Missed the last appointment"
