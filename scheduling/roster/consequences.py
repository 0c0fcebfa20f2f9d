"""Which visits a roster change would displace, and which it would bring back: asked by the preview and the command."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from scheduling.booking import AWAITS_SIGN_OFF, OVERRIDE_REFUSED
from scheduling.models import Allocation, Clinic, Resource, Status
from scheduling.placement import TAKEN
from scheduling.roster.facts import Problem, RosterFacts, load_roster_facts

DISPLACEABLE = frozenset({Status.PENDING, Status.CONFIRMED, Status.CHECKED_IN})
"""A visit under way or over is a fact; no roster change displaces it."""


@dataclass(frozen=True, kw_only=True)
class Revision:
    """A roster change, said before it is made; preview and command judge it alike.

    `starts_at` and `ends_at` (UTC, None: open end) bound the time it touches. `revise` says what the facts would be;
    `cause` names it in the words of a wall clock, such as "Dr Petrova: emergency block 15:00 to 16:00".
    `resources` and `clinics` are those whose rows change and whose versions are raised.
    """

    starts_at: datetime
    ends_at: datetime | None
    revise: Callable[[RosterFacts], RosterFacts]
    cause: Callable[[ZoneInfo], str]
    resources: tuple[Resource, ...] = ()
    clinics: tuple[Clinic, ...] = ()
    type_ids: frozenset[int] = frozenset()
    """Appointment types whose bookings must wait as well."""
    opens: bool = False
    """Whether it may give back time that has dates, of which those who wait should hear."""
    policy: Callable[[], None] = field(default=lambda: None)
    """Raises RosterConflict when the rows as they would be contradict others; asked under the locks."""


@dataclass(frozen=True)
class Consequences:
    """Ids of the visits that no longer fit, of those in review that fit again, and of those with one cause fewer."""

    displaced: frozenset[int]
    regained: frozenset[int]
    relieved: frozenset[int]

    @property
    def all(self) -> frozenset[int]:
        return self.displaced | self.regained | self.relieved


def consequences_of(revision: Revision, *, now: datetime) -> Consequences:
    """Which visits the change would displace and which it would bring back. Reads only."""
    allocations = list(_touched(revision, now=now))
    resource_ids = {each.resource_id for each in allocations} | {each.pk for each in revision.resources}
    first, last = _range(allocations, revision)
    before = load_roster_facts(resource_ids, first, last)
    after = revision.revise(before)
    displaced, unfit, waiting = set(), set(), set()
    for allocation in allocations:
        visit = allocation.appointment
        was, will_be = (open_problems(facts, allocation) for facts in (before, after))
        if will_be:
            unfit.add(visit.pk)
        if visit.status in DISPLACEABLE and will_be - was:
            displaced.add(visit.pk)
        elif visit.status == Status.REQUIRES_REVIEW and not _is_override(visit.review_reason) and was - will_be:
            waiting.add(visit.pk)
    regained = _fit_everywhere(waiting - unfit, revision)
    return Consequences(frozenset(displaced), frozenset(regained), frozenset(waiting - regained))


def _is_override(review_reason: str) -> bool:
    """Opening time again settles nothing about an override that waits for agreement, or was refused."""
    return review_reason == AWAITS_SIGN_OFF or review_reason.startswith(OVERRIDE_REFUSED)


def _touched(revision: Revision, *, now: datetime) -> Iterable[Allocation]:
    """Live ledger rows of visits to come that use these resources, or any resource at these clinics, in that time."""
    start = max(revision.starts_at, now)
    if revision.ends_at is not None and revision.ends_at <= start:
        return []
    live = Allocation.objects.filter(released_at__isnull=True, during__overlap=(start, revision.ends_at))
    return live.filter(
        _whose(revision, start),
        appointment__ends_at__gt=now,
        appointment__status__in=DISPLACEABLE | {Status.REQUIRES_REVIEW},
    ).select_related("appointment")


def _whose(revision: Revision, start: datetime) -> Q:
    if revision.clinics:
        # A clinic's change also concerns whatever its doctors use there. The start's bound is for the index.
        at = Q(appointment__clinic__in=[each.pk for each in revision.clinics])
        at &= Q(appointment__starts_at__gt=start - timedelta(days=1))
        return at if revision.ends_at is None else at & Q(appointment__starts_at__lt=revision.ends_at)
    theirs = Q(resource__in=[each.pk for each in revision.resources])
    # Said in two halves because the ledger's index covers one, and a small index of survivors the other.
    return Q(theirs, during__overlap=(start, revision.ends_at), overbooked=False) | Q(theirs, overbooked=True)


def _fit_everywhere(ids: Collection[int], revision: Revision) -> set[int]:
    """Of the visits in review, those that fit with all they use, not only with what this change touches."""
    if not ids:
        return set()
    rows = list(Allocation.objects.filter(appointment__in=ids, released_at__isnull=True).select_related("appointment"))
    after = revision.revise(load_roster_facts({row.resource_id for row in rows}, *_range(rows, revision)))
    unfit = {row.appointment_id for row in rows if open_problems(after, row) or collides(row)}
    return set(ids) - unfit


def open_problems(facts: RosterFacts, allocation: Allocation) -> set[Problem]:
    """What speaks against the row beyond the rules that an authorised person has set aside for the visit."""
    visit = allocation.appointment
    found = facts.problems(allocation, visit.clinic_id, visit.appointment_type_id)
    return {problem for problem in found if problem[0] not in visit.overrides}


def collides(allocation: Allocation) -> bool:
    """Whether the row lies over another visit's without anybody having agreed to that."""
    return allocation.overbooked and not TAKEN.intersection(allocation.appointment.overrides)


def _range(allocations: list[Allocation], revision: Revision) -> tuple[date, date]:
    """Local days, generously, on which facts are needed: those of the rows, and those of the change itself."""
    ends = [each.during.upper for each in allocations]
    starts = [each.during.lower for each in allocations]
    first = min([revision.starts_at, *starts])
    last = max([revision.ends_at or revision.starts_at, *ends])
    return first.astimezone(UTC).date() - timedelta(days=1), last.astimezone(UTC).date() + timedelta(days=1)
