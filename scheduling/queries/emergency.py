"""What an opened history shows: every appointment of one patient, at every clinic, with notes and what happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from carebridge.accounts.models import User
from scheduling.models import Appointment, CancellationReason, EmergencyAccess, ScheduleEvent
from scheduling.queries.history_words import Entry, entry_of

MOST_VISITS = 300


@dataclass(frozen=True, slots=True)
class PastVisit:
    """An appointment and its timeline, newest entry first."""

    appointment: Appointment
    history: Sequence[Entry]


def history_opened(access: EmergencyAccess, user: User) -> Sequence[PastVisit]:
    """The history that this access opens, newest visit first. Three statements, however long it is.

    Asks what the user may see like any other door: once the access has ended, only what their own role shows.
    """
    related = ("appointment_type__service", "doctor", "clinic")
    rows = Appointment.objects.visible_to(user).filter(patient=access.patient_id).select_related(*related)
    visits = list(rows.order_by("-starts_at", "-id")[:MOST_VISITS])
    happened: dict[int | None, list[ScheduleEvent]] = defaultdict(list)
    events = ScheduleEvent.objects.visible_to(user).filter(appointment__in=visits)
    for event in events.select_related("actor").order_by("-id"):
        happened[event.appointment_id].append(event)
    reasons = dict(CancellationReason.objects.values_list("code", "label"))
    return [PastVisit(visit, [entry_of(event, visit, reasons) for event in happened[visit.pk]]) for visit in visits]
