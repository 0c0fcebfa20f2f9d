"""What the board needs to know of a clinic's day, read in a constant number of statements."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q

from scheduling.hold_store import HoldRecord
from scheduling.models import Allocation, Appointment, Clinic, Doctor, DoctorClinic, Resource, Status
from scheduling.models.resource import ResourceKind
from scheduling.queries.cards import buffered
from scheduling.queries.held import held_on
from scheduling.queries.roster_rows import RosterRows, load_roster_rows
from scheduling.queries.scope import Viewer
from scheduling.queries.spans import DayFrame, Span, instant, local_day, merge

GONE = (Status.RESCHEDULED, Status.EXPIRED)
EARLIEST, LATEST = 8, 18
"""A board shows at least these local hours, and more when there is something earlier or later."""


@dataclass(frozen=True, slots=True)
class DayFacts:
    """What was loaded for the day, before it is laid out."""

    viewer: Viewer
    day: date
    now: datetime
    doctors: Sequence[Doctor]
    rooms: Sequence[Resource]
    appointments: Sequence[Appointment]
    allocations: Sequence[Allocation]
    roster: RosterRows
    held: Sequence[HoldRecord]
    elsewhere: Mapping[int, Sequence[Span]]
    """When doctors are with patients at other clinics, by resource: that is all that is known of it here."""


def load_day(viewer: Viewer, day: date, now: datetime) -> DayFacts:
    """Read the day. Roster rows come for the whole month, because the month beside the board needs them too."""
    clinic = viewer.clinic
    rooms = list(clinic.resources.rooms().filter(is_active=True).prefetch_related("categories"))
    booked = (
        Appointment.objects.visible_to(viewer.user)
        .on_day(clinic, day)
        .exclude(status__in=GONE)
        .select_related("patient", "appointment_type__service", "doctor")
    )
    if not viewer.sees_all:
        booked = booked.filter(doctor__user=viewer.user)
    appointments = list(booked)
    doctors = doctors_on(viewer, [each.doctor_id for each in appointments])
    rooms_used = Allocation.objects.filter(
        appointment__in=[each.pk for each in appointments], resource__kind=ResourceKind.ROOM, released_at=None
    ).select_related("resource")
    first, last = month_around(day)
    ids = [doctor.resource_id for doctor in doctors] + [room.pk for room in rooms]
    return DayFacts(
        viewer=viewer,
        day=day,
        now=now,
        doctors=doctors,
        rooms=rooms,
        appointments=appointments,
        allocations=list(rooms_used),
        roster=load_roster_rows(clinic, ids, first, last),
        held=held_on(clinic, day) if viewer.sees_all else [],
        elsewhere=busy_elsewhere(clinic, [doctor.resource_id for doctor in doctors], day),
    )


def busy_elsewhere(clinic: Clinic, resource_ids: Collection[int], day: date) -> Mapping[int, Sequence[Span]]:
    """Time that visits at other clinics take on the clinic's local day, by resource, without any of their details."""
    live = Allocation.objects.filter(
        resource__in=resource_ids, released_at=None, during__overlap=local_day(day, clinic.zone)
    )
    found: dict[int, list[Span]] = {}
    for resource_id, during in live.exclude(appointment__clinic=clinic).values_list("resource", "during"):
        found.setdefault(resource_id, []).append((during.lower, during.upper))
    return {resource_id: merge(spans) for resource_id, spans in found.items()}


def doctors_on(viewer: Viewer, booked: Collection[int]) -> list[Doctor]:
    """Who serves the clinic, and whoever is booked there all the same."""
    serving = Q(is_active=True, pk__in=DoctorClinic.objects.filter(clinic=viewer.clinic).values("doctor"))
    doctors = Doctor.objects.filter(serving | Q(pk__in=set(booked)))
    if not viewer.sees_all:
        doctors = doctors.filter(user=viewer.user)
    return list(doctors.select_related("resource").prefetch_related("specialities", "places__usual_room"))


def month_around(day: date) -> tuple[date, date]:
    """First and last day of the month."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def frame_of(facts: DayFacts) -> DayFrame:
    """The hours to show: the usual ones, widened to whole hours around whatever lies outside them."""
    zone, day = facts.viewer.clinic.zone, facts.day
    spans = [buffered(each) for each in facts.appointments if each.occupies]
    for doctor in facts.doctors:
        spans += facts.roster.works_on(doctor.resource_id, day)
    starts = [span[0].astimezone(zone) for span in spans]
    ends = [span[1].astimezone(zone) for span in spans]
    first = min([EARLIEST, *(start.hour if start.date() == day else 0 for start in starts)])
    last = max([LATEST, *(end.hour + bool(end.minute) if end.date() == day else 24 for end in ends)])
    midnight, next_midnight = local_day(day, zone)
    start = instant(day, time(first), zone)
    end = next_midnight if last >= 24 else instant(day, time(last), zone)
    return DayFrame(day=day, zone=zone, start=max(start, midnight), end=end)


def rooms_of(allocations: Sequence[Allocation]) -> Mapping[int, str]:
    """Where each appointment takes place, by appointment id."""
    names: dict[int, list[str]] = {}
    for row in allocations:
        names.setdefault(row.appointment_id, []).append(row.resource.name)
    return {key: ", ".join(dict.fromkeys(each)) for key, each in names.items()}
