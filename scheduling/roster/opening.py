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
from scheduling.periods import local_span
from scheduling.roster.displacement import Revision, carry_out
from scheduling.roster.facts import RosterFacts, timed_row, weekly
from scheduling.roster.rights import require_roster, require_span
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
) -> list[ClinicClosure]:
    """Change a clinic's week (None: leave it), closures and reopenings at once, and return the new closures.

    At once, because every single change locks the visits concerned before the clinic. Raises as the others do.
    """
    require_roster(by, [clinic.pk])
    for each in close:
        require_span(each.starts_at, each.ends_at)
    _require_sane_week(hours or ())

    closures = [ClinicClosure(clinic=clinic, **each._asdict()) for each in close]
    return carry_out(
        opening(clinic, hours=hours, close=closures, reopen=reopen),
        kind=_kind(hours, close),
        by=by,
        at=timezone.now(),
        write=lambda: _write(clinic, hours, closures, reopen),
        facts=_facts(hours, closures, reopen),
    )


def opening(
    clinic: Clinic,
    *,
    hours: Sequence[Opening] | None = None,
    close: Sequence[ClinicClosure] = (),
    reopen: Sequence[ClinicClosure] = (),
) -> Revision:
    """The change that a new week, closures not yet saved and reopenings would make."""
    touched = [(row.starts_at, row.ends_at) for row in (*close, *reopen)]
    now = timezone.now()
    gone: set[int | None] = {row.pk for row in reopen}

    def revise(facts: RosterFacts) -> RosterFacts:
        facts = facts.without("closures", gone).plus("closures", *(timed_row(Kind.CLOSED, row) for row in close))
        if hours is None:
            return facts
        own = {row.key for row in facts.opening if row.clinic_id == clinic.pk}
        return facts.without("opening", own).plus("opening", *(weekly(Kind.OPEN, row) for row in _rows(clinic, hours)))

    def cause(zone: ZoneInfo) -> str:
        if not close:
            return f"{clinic}: opening hours changed"
        times = ", ".join(local_span(row.starts_at, row.ends_at, zone) for row in close)
        return f"{clinic}: closed {times}, {close[0].reason}"

    return Revision(
        starts_at=min(start for start, _ in touched) if hours is None and touched else now,
        ends_at=max(end for _, end in touched) if hours is None and touched else None,
        clinics=(clinic,),
        revise=revise,
        cause=cause,
    )


def _write(
    clinic: Clinic,
    hours: Sequence[Opening] | None,
    closures: Sequence[ClinicClosure],
    reopen: Sequence[ClinicClosure],
) -> list[ClinicClosure]:
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


def _kind(hours: Sequence[Opening] | None, close: Sequence[Closing]) -> str:
    if hours is not None:
        return "roster.opening_hours_set"
    return "roster.clinic_closed" if close else "roster.clinic_reopened"


def _facts(
    hours: Sequence[Opening] | None, close: Sequence[ClinicClosure], reopen: Sequence[ClinicClosure]
) -> dict[str, object]:
    facts: dict[str, object] = {}
    if hours is not None:
        facts["week"] = [f"{each.weekday} {each.starts:%H:%M}-{each.ends:%H:%M}" for each in hours]
    for word, rows in (("closed", close), ("reopened", reopen)):
        if rows:
            facts[word] = [f"{row.starts_at.isoformat()}/{row.ends_at.isoformat()}" for row in rows]
    return facts
