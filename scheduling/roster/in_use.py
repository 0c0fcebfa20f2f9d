"""Doctors, rooms and devices in use or out of use: an outage that nobody knows the end of.

A clinic's own switch is with its hours, in `scheduling.roster.opening`.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.db import command
from carebridge.errors import NotFound
from scheduling.models import Allocation, Doctor, Resource
from scheduling.roster.consequences import Revision
from scheduling.roster.displacement import carry_out, clinics_of
from scheduling.roster.facts import RosterFacts
from scheduling.roster.rights import require_configuring
from scheduling.roster.wording import calling, out_of_use


@command()
def revise_use(
    *, resource: Resource, by: User | None, in_use: bool | None = None, keeps_own_hours: bool | None = None
) -> Resource:
    """Take a resource out of use or put it back, and say whether it keeps hours of its own (None: leave it).

    A doctor goes with the resource. Visits to come that use it move to `requires_review`; when it is back, those that
    fit again return by themselves. Raises NotFound, NotAllowed, Busy.
    """
    resource = _current(resource)
    require_configuring(by, concerned(resource))

    wanted = {"is_active": in_use, "keeps_own_hours": keeps_own_hours}
    changes = {name: value for name, value in wanted.items() if value is not None}

    def write() -> Resource:
        Resource.objects.filter(pk=resource.pk).update(**changes)
        if in_use is not None:
            Doctor.objects.filter(resource=resource).update(is_active=in_use)
        return _current(resource)

    return carry_out(
        using(resource, in_use=in_use, keeps_own_hours=keeps_own_hours),
        kind=_kind(in_use),
        by=by,
        at=timezone.now(),
        write=write,
        facts=dict(changes),
    )


def using(resource: Resource, *, in_use: bool | None = None, keeps_own_hours: bool | None = None) -> Revision:
    """The change that taking a resource out of use, putting it back or giving it hours of its own would make."""

    def revise(facts: RosterFacts) -> RosterFacts:
        if in_use is not None:
            facts = facts.switched("resources_off", resource.pk, in_use=in_use)
        return facts if keeps_own_hours is None else facts.keeping(resource.pk, own_hours=keeps_own_hours)

    def cause(zone: ZoneInfo) -> str:
        return out_of_use(resource) if in_use is False else f"{calling(resource)}: working hours changed"

    return Revision(
        starts_at=timezone.now(),
        ends_at=None,
        resources=(resource,),
        type_ids=_types_performed(resource),
        revise=revise,
        cause=cause,
    )


def concerned(resource: Resource) -> set[int]:
    """Ids of the clinics that would feel it: where the resource is used, and where visits to come use it."""
    booked = Allocation.objects.filter(
        resource=resource, released_at__isnull=True, appointment__ends_at__gt=timezone.now()
    )
    return {*clinics_of(resource), *booked.values_list("appointment__clinic", flat=True)}


def _types_performed(resource: Resource) -> frozenset[int]:
    """A booking has read what a doctor performs before it locks the doctor."""
    return frozenset(Doctor.objects.filter(resource=resource).values_list("offerings__appointment_type", flat=True)) - {
        None
    }


def _kind(in_use: bool | None) -> str:
    if in_use is None:
        return "roster.own_hours_changed"
    return "roster.put_in_use" if in_use else "roster.taken_out_of_use"


def _current(resource: Resource) -> Resource:
    current = Resource.objects.select_related("doctor", "clinic").filter(pk=resource.pk).first()
    if current is None:
        raise NotFound
    return current
