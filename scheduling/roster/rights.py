"""Who may change whose roster: everyone needs the permission at each clinic that would feel the change."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from carebridge.accounts.models import User
from carebridge.errors import InvalidInput, NotAllowed
from scheduling.models import Allocation, Resource
from scheduling.permissions import clinic_ids_with, may, require
from scheduling.queries.spans import overlaps
from scheduling.roles import Permission
from scheduling.roster.displacement import clinics_of
from scheduling.roster.facts import load_roster_facts

LONGEST = timedelta(days=400)


def require_roster(by: User | None, clinic_ids: Iterable[int]) -> None:
    """Raise NotAllowed unless `by` may change rosters at every one of these clinics. None is the system."""
    for clinic_id in sorted(set(clinic_ids)):
        require(by, Permission.EDIT_ROSTER, clinic_id)


def require_roster_of(by: User | None, resource: Resource, starts_at: datetime, ends_at: datetime) -> None:
    """Raise NotAllowed unless `by` may change rosters wherever the resource is expected in that time.

    A doctor who serves three clinics and sits in one of them that day concerns that one only.
    """
    if by is None:
        return
    concerned = _expected_at(resource, starts_at, ends_at)
    require_roster(by, concerned)
    if not concerned and not any(may(by, Permission.EDIT_ROSTER, clinic_id) for clinic_id in clinics_of(resource)):
        raise NotAllowed(detail={"permission": Permission.EDIT_ROSTER.value})


def require_configuring(by: User | None, clinic_ids: Iterable[int]) -> None:
    """Raise NotAllowed unless `by` configures every one of these clinics, and some clinic. None is the system."""
    if by is None:
        return
    concerned, configured = set(clinic_ids), set(clinic_ids_with(by, Permission.CONFIGURE))
    if concerned - configured or not configured:
        raise NotAllowed(
            "This concerns a clinic that you don't configure. Ask somebody who does.",
            detail={"permission": Permission.CONFIGURE.value},
        )


def require_span(starts_at: datetime, ends_at: datetime) -> None:
    """Raise InvalidInput unless these are aware instants in order and not absurdly far apart."""
    if starts_at.tzinfo is None or ends_at.tzinfo is None:
        raise InvalidInput("Say in which time zone these times are.", code="naive_time")
    if ends_at <= starts_at:
        raise InvalidInput("The end must come after the start.", code="not_in_order", fields={"ends_at": "Too early."})
    if ends_at - starts_at > LONGEST:
        raise InvalidInput("That is longer than 400 days.", code="range_too_long", fields={"ends_at": "Too late."})


def _expected_at(resource: Resource, starts_at: datetime, ends_at: datetime) -> set[int]:
    if resource.clinic_id:
        return {resource.clinic_id}
    day = timedelta(days=1)
    first, last = starts_at.astimezone(UTC).date() - day, ends_at.astimezone(UTC).date() + day
    sessions = load_roster_facts([resource.pk], first, last).sessions(resource.pk)
    booked = Allocation.objects.filter(
        resource=resource, released_at__isnull=True, during__overlap=(starts_at, ends_at)
    ).values_list("appointment__clinic", flat=True)
    return {clinic_id for clinic_id, span in sessions if overlaps(span, (starts_at, ends_at))} | set(booked)
