"""What scheduling itself does about events: tell open screens, and keep the reactions that failed for a sweep."""

from __future__ import annotations

import time
from datetime import date, timedelta
from functools import lru_cache

from django.utils import timezone

from carebridge.events import DomainEvent, handles_after_commit, on_handler_failure
from scheduling import events, live
from scheduling.history import APPOINTMENT_EVENTS
from scheduling.models import Clinic, DoctorClinic, HandlerFailure

SHOWN_IN_PLACE = tuple(set(APPOINTMENT_EVENTS.values()) - {events.AppointmentRescheduled})
"""What changes the look of one day; a move changes two."""
SERVING_SECONDS = 60
"""How long it is remembered where a doctor serves, so that a booking needs no further statement to be shown."""
SCREENFUL = timedelta(days=7)
"""A roster change over a longer time is told once, without naming days."""


@on_handler_failure
def keep_for_sweep(event: DomainEvent, handler: str, error: Exception) -> None:
    """Store which handler failed on which event; only the error's type, because messages may hold personal data."""
    HandlerFailure.objects.create(
        event_id=event.event_id, handler=handler, error=type(error).__name__, failed_at=timezone.now()
    )


@handles_after_commit(*SHOWN_IN_PLACE)
def show_change(event: events.AppointmentEvent) -> None:
    """The day of the appointment looks different now."""
    live.announce(_wherever_shown(event.clinic_id, event.day, event.doctor_id))


@handles_after_commit(events.AppointmentRescheduled)
def show_move(event: events.AppointmentRescheduled) -> None:
    """Two days look different, perhaps in two clinics: the one it left and the one it went to."""
    old = _wherever_shown(event.old_clinic_id, event.old_day, event.old_doctor_id)
    new = _wherever_shown(event.clinic_id, event.day, event.doctor_id)
    live.announce(dict.fromkeys([*old, *new]))


def _wherever_shown(clinic_id: int, day: date, doctor_id: int) -> list[live.Change]:
    """The day at this clinic, and at the doctor's others: boards there show the time as busy, and searches miss it.

    Each clinic is told of itself only. Should its local day be another one, its next check will do.
    """
    others = _clinics_served(doctor_id, int(time.monotonic() // SERVING_SECONDS)) - {clinic_id}
    return [live.Change(each, day, (doctor_id,)) for each in (clinic_id, *sorted(others))]


@lru_cache(maxsize=4096)
def _clinics_served(doctor_id: int, period: int) -> frozenset[int]:
    return frozenset(DoctorClinic.objects.filter(doctor=doctor_id).values_list("clinic_id", flat=True))


@handles_after_commit(events.HoldChanged)
def show_hold(event: events.HoldChanged) -> None:
    """A time of this day is being booked, or no longer is: the doctor's other clinics offer it no more, or again."""
    day = event.starts_at.astimezone(Clinic.objects.get(pk=event.clinic_id).zone).date()
    live.announce(_wherever_shown(event.clinic_id, day, event.doctor_id))


@handles_after_commit(events.RosterChanged)
def show_roster(event: events.RosterChanged) -> None:
    """Working time changed on these days, for one doctor or for everyone."""
    doctors = (event.doctor_id,) if event.doctor_id else ()
    length = event.last_day - event.first_day
    days = (
        [event.first_day + timedelta(days=ahead) for ahead in range(length.days + 1)] if length < SCREENFUL else [None]
    )
    live.announce(live.Change(clinic, day, doctors) for clinic in event.clinic_ids for day in days)
