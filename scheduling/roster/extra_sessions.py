"""Sessions outside the recurring hours, such as a Saturday list."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.db import command
from carebridge.errors import NotFound
from scheduling.models import AppointmentType, Clinic, ExtraSession, Resource
from scheduling.periods import local_span
from scheduling.roster.consequences import Revision
from scheduling.roster.displacement import carry_out
from scheduling.roster.facts import timed_row
from scheduling.roster.overlap import refuse_overlap, require_serves
from scheduling.roster.rights import require_roster, require_span
from scheduling.roster.wording import calling
from scheduling.roster_time import Kind


@command()
def add_extra_session(
    *,
    resource: Resource,
    clinic: Clinic,
    starts_at: datetime,
    ends_at: datetime,
    by: User | None,
    appointment_types: Collection[AppointmentType] = (),
    note: str = "",
) -> ExtraSession:
    """Let a resource work at a clinic between two aware instants, also outside opening hours.

    Empty `appointment_types`: any that it performs. Raises InvalidInput, RosterConflict, NotAllowed, Busy.
    """
    require_span(starts_at, ends_at)
    require_roster(by, [clinic.pk])
    require_serves(resource, clinic)

    session = ExtraSession(resource=resource, clinic=clinic, starts_at=starts_at, ends_at=ends_at, note=note)

    def write() -> ExtraSession:
        session.save(force_insert=True)
        session.appointment_types.set(appointment_types)
        return session

    return carry_out(
        adding(session, frozenset(each.pk for each in appointment_types)),
        kind="roster.extra_session_added",
        by=by,
        at=timezone.now(),
        write=write,
        facts=_facts(session),
    )


@command()
def remove_extra_session(*, session: ExtraSession, by: User | None) -> None:
    """Take an extra session away; visits booked in it move to review. Raises NotFound, NotAllowed, Busy."""
    session = _current(session)
    require_roster(by, [session.clinic_id])

    def write() -> ExtraSession:
        _current(session).delete()
        return session

    carry_out(
        removing(session),
        kind="roster.extra_session_removed",
        by=by,
        at=timezone.now(),
        write=write,
        facts=_facts(session),
    )


def adding(session: ExtraSession, type_ids: frozenset[int] = frozenset()) -> Revision:
    """The change that an extra session not yet saved would make."""
    row = timed_row(Kind.EXTRA, session, type_ids)
    first, last = (at.astimezone(UTC).date() for at in (session.starts_at, session.ends_at))
    day = timedelta(days=1)
    return Revision(
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        resources=(session.resource,),
        clinics=(session.clinic,),
        opens=True,
        revise=lambda facts: facts.plus("extra", row),
        cause=lambda zone: "",
        policy=lambda: refuse_overlap(row, session.resource, first - day, last + day),
    )


def removing(session: ExtraSession) -> Revision:
    """The change that removing a saved extra session would make."""
    key = session.pk
    return Revision(
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        resources=(session.resource,),
        clinics=(session.clinic,),
        revise=lambda facts: facts.without("extra", {key}),
        cause=lambda zone: (
            f"{calling(session.resource)}: no extra session {local_span(session.starts_at, session.ends_at, zone)}"
        ),
    )


def _facts(session: ExtraSession) -> dict[str, object]:
    return {
        "clinic": session.clinic_id,
        "starts_at": session.starts_at.isoformat(),
        "ends_at": session.ends_at.isoformat(),
    }


def _current(session: ExtraSession) -> ExtraSession:
    current = ExtraSession.objects.select_related("resource", "clinic").filter(pk=session.pk).first()
    if current is None:
        raise NotFound("This extra session has already been removed.")
    return current
