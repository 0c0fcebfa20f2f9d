"""Nobody is in two places: sessions of one resource may not overlap, and leave time to travel between clinics."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from itertools import pairwise

from carebridge.errors import InvalidInput
from scheduling.errors import RosterConflict
from scheduling.models import Clinic, DoctorClinic, Resource
from scheduling.queries.spans import Span
from scheduling.roster.facts import RosterFacts, Timed, Weekly, load_roster_facts

HORIZON = timedelta(weeks=56)
"""How far recurring rows are compared: every rhythm of up to 26 weeks meets every other one, in both clock times."""


def refuse_overlap(
    row: Weekly | Timed, resource: Resource, first: date, last: date, *, replacing: Collection[int | None] = ()
) -> None:
    """Raise RosterConflict if the row would meet another session of the resource between two days, both included.

    Real instants are compared, for the clinics may lie in different zones. `replacing` are the keys of weekly rows
    that the new one supersedes.
    """
    facts = load_roster_facts([resource.pk], first, last).without("hours", replacing)
    new = [(row.clinic_id or 0, span) for span in _spans(row, facts)]
    clinics = Clinic.objects.in_bulk()
    for one, other in _neighbours(new, facts.sessions(resource.pk)):
        _compare(one, other, clinics)


def require_serves(resource: Resource, clinic: Clinic) -> None:
    """Raise InvalidInput unless the resource belongs to the clinic, or the doctor serves it."""
    if resource.clinic_id == clinic.pk:
        return
    if resource.clinic_id or not DoctorClinic.objects.filter(doctor__resource=resource, clinic=clinic).exists():
        raise InvalidInput(
            f"{resource} doesn't work at {clinic}. Add the clinic to its places first.",
            code="wrong_clinic",
            fields={"clinic": "Not one of its clinics."},
        )


def _spans(row: Weekly | Timed, facts: RosterFacts) -> Iterable[Span]:
    if isinstance(row, Timed):
        return [row.time]
    return row.times(facts.first, facts.last)


Placed = tuple[int, Span]


def _neighbours(new: list[Placed], others: list[Placed]) -> Iterable[tuple[Placed, Placed]]:
    """Pairs, earlier first, of sessions that follow each other in time where exactly one of them is new."""
    ordered = sorted(
        [(span, clinic, True) for clinic, span in new] + [(span, clinic, False) for clinic, span in others]
    )
    for (span, clinic, is_new), (later, where, later_is_new) in pairwise(ordered):
        if is_new != later_is_new:
            yield (clinic, span), (where, later)


def _compare(one: Placed, other: Placed, clinics: dict[int, Clinic]) -> None:
    (here, (_, end)), (there, (start, _)) = one, other
    when = f"{start.astimezone(clinics[there].zone):%A %-d %B at %H:%M}"
    if start < end:
        raise RosterConflict(f"These hours overlap other hours on {when}. Change or end those first.")
    gap = timedelta(minutes=max(clinics[here].travel_minutes, clinics[there].travel_minutes))
    if here != there and start - end < gap:
        minutes = int(gap.total_seconds() // 60)
        raise RosterConflict(
            f"Getting from one clinic to the other takes {minutes} minutes; on {when} there would be less.",
            code="travel_time",
        )
