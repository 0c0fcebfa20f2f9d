"""Doctors' working time that a change with dates gives back, for those who wait for such time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from scheduling.models import Doctor, DoctorClinic
from scheduling.queries.spans import intersect, subtract
from scheduling.roster.consequences import Revision
from scheduling.roster.facts import load_roster_facts


class Opened(NamedTuple):
    """A doctor's time at a clinic between two instants (UTC)."""

    clinic_id: int
    doctor_id: int
    starts_at: datetime
    ends_at: datetime


def opened_by(revision: Revision, *, now: datetime) -> list[Opened]:
    """The doctors' working time still to come that the change adds. Reads only; asked before its rows are written.

    A room or a device that is back opens nobody's time by itself.
    """
    if not revision.opens or revision.ends_at is None or revision.ends_at <= now:
        return []
    touched = (max(revision.starts_at, now), revision.ends_at)
    doctors = _doctors(revision)
    day = timedelta(days=1)
    before = load_roster_facts(doctors.keys(), touched[0].date() - day, touched[1].date() + day)
    after = revision.revise(before)
    return [
        Opened(clinic_id, doctor_id, *span)
        for resource_id, doctor_id in doctors.items()
        for clinic_id in sorted({each for each, _ in after.sessions(resource_id)})
        for span in intersect(
            subtract(after.working(resource_id, clinic_id), before.working(resource_id, clinic_id)), [touched]
        )
    ]


def _doctors(revision: Revision) -> Mapping[int, int]:
    """The doctors whose time it may touch, by their resources' ids: all who serve the clinic, where it names none."""
    if revision.resources:
        theirs = Doctor.objects.filter(resource__in=[each.pk for each in revision.resources])
    else:
        at = DoctorClinic.objects.filter(clinic__in=[each.pk for each in revision.clinics])
        theirs = Doctor.objects.filter(pk__in=at.values("doctor"))
    return dict(theirs.order_by("pk").values_list("resource", "pk"))
