"""When a clinic is open: its week, and the closures that interrupt it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.db import command
from carebridge.errors import InvalidInput, NotFound
from scheduling.errors import RosterConflict
from scheduling.models import Clinic, ClinicClosure, OpeningHours
from scheduling.models.fields import Weekday
from scheduling.roster.consequences import Revision
from scheduling.roster.displacement import carry_out
from scheduling.roster.facts import RosterFacts, timed_row, weekly
from scheduling.roster.rights import require_configuring, require_roster, require_span
from scheduling.roster.wording import closed, out_of_use
from scheduling.roster_time import Kind


class Opening(NamedTuple):
    """A stretch of the clinic's week in its local time; Monday is 0."""

    weekday: int
    starts: time
    ends: time
    valid_from: date | None = None
    valid_until: date | None = None


class Closing(NamedTuple):
    """A time, in aware instants, when the clinic is shut although its hours say open."""

    starts_at: datetime
    ends_at: datetime
    reason: str


def set_opening_hours(*, clinic: Clinic, hours: Sequence[Opening], by: User | None) -> None:
    """Replace the clinic's week. Visits to come that fall outside it move to review, others come back.

    Raises RosterConflict, InvalidInput, NotAllowed, Busy.
    """
    revise_opening(clinic=clinic, by=by, hours=hours)


def close_clinic(
    *, clinic: Clinic, starts_at: datetime, ends_at: datetime, reason: str, by: User | None
) -> ClinicClosure:
    """Shut a clinic between two aware instants; visits booked then move to review. `reason` is shown on the board.

    Raises InvalidInput, NotAllowed, Busy.
    """
    (closure,) = revise_opening(clinic=clinic, by=by, close=[Closing(starts_at, ends_at, reason)])
    return closure


def reopen_clinic(*, closure: ClinicClosure, by: User | None) -> None:
    """Take a closure back; visits in review that fit again return. Raises NotFound, NotAllowed, Busy."""
    revise_opening(clinic=closure.clinic, by=by, reopen=[closure])


@command()
def revise_opening(
    *,
    clinic: Clinic,
    by: User | None,
    hours: Sequence[Opening] | None = None,
    close: Sequence[Closing] = (),
    reopen: Sequence[ClinicClosure] = (),
    in_use: bool | None = None,
) -> list[ClinicClosure]:
    """Change a clinic's week, closures, reopenings and whether it is in use (None: leave it) at once.

    At once, because every single change locks the visits concerned before the clinic. Returns the new closures; raises
    as the others do.
    """
    if in_use is None or hours is not None or close or reopen:
        require_roster(by, [clinic.pk])
    if in_use is not None:
        require_configuring(by, [clinic.pk])
    for each in close:
        require_span(each.starts_at, each.ends_at)
    _require_sane_week(hours or ())

    closures = [ClinicClosure(clinic=clinic, **each._asdict()) for each in close]
    return carry_out(
        opening(clinic, hours=hours, close=closures, reopen=reopen, in_use=in_use),
        kind=_kind(hours, close, reopen, in_use),
        by=by,
        at=timezone.now(),
        write=lambda: _write(clinic, hours, closures, reopen, in_use),
        facts=_facts(hours, closures, reopen, in_use),
    )


def opening(
    clinic: Clinic,
    *,
    hours: Sequence[Opening] | None = None,
    close: Sequence[ClinicClosure] = (),
    reopen: Sequence[ClinicClosure] = (),
    in_use: bool | None = None,
) -> Revision:
    """The change that a new week, closures not yet saved, reopenings and being in use or not would make."""
    touched = [(row.starts_at, row.ends_at) for row in (*close, *reopen)]
    now = timezone.now()
    gone: set[int | None] = {row.pk for row in reopen}
    bounded = hours is None and in_use is None and bool(touched)

    def revise(facts: RosterFacts) -> RosterFacts:
        facts = facts.without("closures", gone).plus("closures", *(timed_row(Kind.CLOSED, row) for row in close))
        if in_use is not None:
            facts = facts.switched("clinics_off", clinic.pk, in_use=in_use)
        if hours is None:
            return facts
        own = {row.key for row in facts.opening if row.clinic_id == clinic.pk}
        return facts.without("opening", own).plus("opening", *(weekly(Kind.OPEN, row) for row in _rows(clinic, hours)))

    def cause(zone: ZoneInfo) -> str:
        if in_use is False:
            return out_of_use(clinic)
        return closed(clinic, close, zone) if close else f"{clinic}: opening hours changed"

    return Revision(
        starts_at=min(start for start, _ in touched) if bounded else now,
        ends_at=max(end for _, end in touched) if bounded else None,
        opens=bool(reopen),
        clinics=(clinic,),
        revise=revise,
        cause=cause,
    )


def _write(
    clinic: Clinic,
    hours: Sequence[Opening] | None,
    closures: Sequence[ClinicClosure],
    reopen: Sequence[ClinicClosure],
    in_use: bool | None,
) -> list[ClinicClosure]:
    if in_use is not None:
        Clinic.objects.filter(pk=clinic.pk).update(is_active=in_use)
    if reopen:
        gone, _ = ClinicClosure.objects.filter(clinic=clinic, pk__in=[row.pk for row in reopen]).delete()
        if gone < len(reopen):
            raise NotFound("This closure has already been taken back.")
    if hours is not None:
        OpeningHours.objects.filter(clinic=clinic).delete()
        OpeningHours.objects.bulk_create(_rows(clinic, hours))
    return ClinicClosure.objects.bulk_create(closures)


def _rows(clinic: Clinic, hours: Sequence[Opening]) -> list[OpeningHours]:
    return [OpeningHours(clinic=clinic, **each._asdict()) for each in hours]


def _require_sane_week(hours: Sequence[Opening]) -> None:
    if any(each.ends <= each.starts for each in hours):
        raise InvalidInput("Opening hours must end after they start.", code="not_in_order")
    for day in range(7):
        rows = sorted((each for each in hours if each.weekday == day), key=lambda each: each.starts)
        for index, one in enumerate(rows):
            for other in rows[index + 1 :]:
                if other.starts < one.ends and _both_valid(one, other):
                    raise RosterConflict(f"Opening hours on {Weekday(day).label} overlap each other.")


def _both_valid(one: Opening, other: Opening) -> bool:
    first = max(one.valid_from or date.min, other.valid_from or date.min)
    return first <= min(one.valid_until or date.max, other.valid_until or date.max)


def _kind(
    hours: Sequence[Opening] | None, close: Sequence[Closing], reopen: Sequence[ClinicClosure], in_use: bool | None
) -> str:
    if hours is not None:
        return "roster.opening_hours_set"
    if close or reopen:
        return "roster.clinic_closed" if close else "roster.clinic_reopened"
    return "roster.put_in_use" if in_use else "roster.taken_out_of_use"


def _facts(
    hours: Sequence[Opening] | None,
    close: Sequence[ClinicClosure],
    reopen: Sequence[ClinicClosure],
    in_use: bool | None,
) -> dict[str, object]:
    facts: dict[str, object] = {} if in_use is None else {"in_use": in_use}
    if hours is not None:
        facts["week"] = [f"{each.weekday} {each.starts:%H:%M}-{each.ends:%H:%M}" for each in hours]
    for word, rows in (("closed", close), ("reopened", reopen)):
        if rows:
            facts[word] = [f"{row.starts_at.isoformat()}/{row.ends_at.isoformat()}" for row in rows]
    return facts
