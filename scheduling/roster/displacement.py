"""Carrying out a roster change: the visits it displaces go to review, those that fit again come back.

Appointments are locked before clinics and resources, as everywhere, although which ones are hit is only certain once
those are locked: the answer is in `_lock`, and why in docs/adr/0008.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.db import models, transaction
from django.db.models import F, Q

from carebridge.accounts.models import User
from carebridge.db import Busy
from scheduling.booking import AWAITS_SIGN_OFF
from scheduling.history import record_roster
from scheduling.ledger import lock_resources
from scheduling.models import Allocation, Appointment, Clinic, Resource, Status
from scheduling.placement import TAKEN, lock_appointments
from scheduling.reviews import require_review, settle_review
from scheduling.roster.facts import Problem, RosterFacts, load_roster_facts

DISPLACEABLE = frozenset({Status.PENDING, Status.CONFIRMED, Status.CHECKED_IN})
"""A visit under way or over is a fact; no roster change displaces it."""
ROUNDS = 8
FAR = timedelta(days=1100)
"""Further than any booking window reaches."""

R = TypeVar("R")


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
    policy: Callable[[], None] = field(default=lambda: None)
    """Raises RosterConflict when the rows as they would be contradict others; asked under the locks."""


@dataclass(frozen=True)
class Consequences:
    """Ids of the visits that no longer fit, and of those in review that fit again."""

    displaced: frozenset[int]
    regained: frozenset[int]

    @property
    def all(self) -> frozenset[int]:
        return self.displaced | self.regained


def carry_out(
    revision: Revision, *, kind: str, by: User | None, at: datetime, write: Callable[[], R], facts: dict[str, object]
) -> R:
    """Lock, judge, write the rows, move the visits concerned, record: the body of every roster command.

    `facts` are what history keeps of the change. Raises RosterConflict, Busy.
    """
    appointments, consequences, clinic_ids = _lock(revision, now=at)

    row = write()
    raise_versions(revision)
    for appointment in appointments:
        if appointment.pk in consequences.displaced and appointment.status in DISPLACEABLE:
            require_review(appointment, reason=revision.cause(appointment.clinic.zone), by=by, at=at)
        elif appointment.pk in consequences.regained and appointment.status == Status.REQUIRES_REVIEW:
            settle_review(appointment, by=by, at=at)

    first, last = days_touched(revision)
    for subject in revision.resources or revision.clinics:
        record_roster(
            kind,
            subject,
            by=by,
            at=at,
            clinic_ids=clinic_ids,
            first_day=first,
            last_day=last,
            changes={name: (None, value) for name, value in facts.items()}
            | {"to_review": (None, sorted(consequences.displaced)), "back": (None, sorted(consequences.regained))},
        )
    return row


def consequences_of(revision: Revision, *, now: datetime) -> Consequences:
    """Which visits the change would displace and which it would bring back. Reads only; the caller may hold locks."""
    allocations = list(_touched(revision, now=now))
    resource_ids = {each.resource_id for each in allocations} | {each.pk for each in revision.resources}
    first, last = _range(allocations, revision)
    before = load_roster_facts(resource_ids, first, last)
    after = revision.revise(before)
    displaced, unfit, waiting = set(), set(), set()
    for allocation in allocations:
        visit = allocation.appointment
        was, will_be = (_open_problems(facts, allocation) for facts in (before, after))
        if will_be:
            unfit.add(visit.pk)
        if visit.status in DISPLACEABLE and will_be - was:
            displaced.add(visit.pk)
        elif visit.status == Status.REQUIRES_REVIEW and visit.review_reason != AWAITS_SIGN_OFF and was - will_be:
            waiting.add(visit.pk)
    return Consequences(frozenset(displaced), frozenset(_fit_everywhere(waiting - unfit, revision)))


def visits_of(revision: Revision, *, now: datetime) -> models.QuerySet[Appointment]:
    """The visits that the change would displace, soonest first."""
    return Appointment.objects.filter(pk__in=consequences_of(revision, now=now).displaced).order_by("starts_at", "pk")


class _Newcomer(Exception):
    """A visit appeared after we looked, and somebody else is changing it right now."""


def _lock(revision: Revision, *, now: datetime) -> tuple[list[Appointment], Consequences, tuple[int, ...]]:
    """Lock the visits concerned, then clinics and resources; look again, for a booking may have come in between.

    Whoever came in between is locked without waiting: waiting for an appointment while holding a resource is what
    deadlocks. If that fails, the savepoint gives every lock back and the round starts again.
    """
    for _ in range(ROUNDS):
        with suppress(_Newcomer), transaction.atomic():
            expected = consequences_of(revision, now=now).all
            held = lock_appointments(expected)
            lock_clinics({each.pk for each in revision.clinics})
            lock_resources({each.pk for each in revision.resources})
            revision.policy()
            actual = consequences_of(revision, now=now)
            held += _lock_without_waiting(actual.all - {each.pk for each in held})
            return held, actual, _clinic_ids(revision, held)
    raise Busy


def _lock_without_waiting(ids: Collection[int]) -> list[Appointment]:
    free = Appointment.objects.filter(pk__in=ids).select_for_update(no_key=True, of=("self",), skip_locked=True)
    if len(locked := {each.pk for each in free}) < len(ids):
        raise _Newcomer
    return lock_appointments(locked)


def lock_clinics(ids: Collection[int]) -> None:
    """Take clinics from bookings, which hold them for share, until the transaction ends."""
    list(Clinic.objects.filter(pk__in=ids).order_by("pk").select_for_update())


def raise_versions(revision: Revision) -> None:
    """Make every cached mask of these resources and clinics one that nobody asks for any more."""
    for model, rows in ((Clinic, revision.clinics), (Resource, revision.resources)):
        ids = [row.pk for row in rows]
        model._default_manager.filter(pk__in=ids).update(schedule_version=F("schedule_version") + 1)


def days_touched(revision: Revision) -> tuple[date, date]:
    """The UTC days it touches, both included; an open end reaches as far as anybody can book."""
    end = revision.ends_at or revision.starts_at + FAR
    return revision.starts_at.astimezone(UTC).date(), end.astimezone(UTC).date()


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


def _open_problems(facts: RosterFacts, allocation: Allocation) -> set[Problem]:
    """What speaks against the row beyond the rules that an authorised person has set aside for the visit."""
    visit = allocation.appointment
    found = facts.problems(allocation, visit.clinic_id, visit.appointment_type_id)
    return {problem for problem in found if problem[0] not in visit.overrides}


def _fit_everywhere(ids: Collection[int], revision: Revision) -> set[int]:
    """Of the visits in review, those that fit with all they use, not only with what this change touches."""
    if not ids:
        return set()
    rows = list(Allocation.objects.filter(appointment__in=ids, released_at__isnull=True).select_related("appointment"))
    after = revision.revise(load_roster_facts({row.resource_id for row in rows}, *_range(rows, revision)))
    unfit = {
        row.appointment_id
        for row in rows
        if _open_problems(after, row) or (row.overbooked and not TAKEN.intersection(row.appointment.overrides))
    }
    return set(ids) - unfit


def _range(allocations: list[Allocation], revision: Revision) -> tuple[date, date]:
    """Local days, generously, on which facts are needed: those of the rows, and those of the change itself."""
    ends = [each.during.upper for each in allocations]
    starts = [each.during.lower for each in allocations]
    first = min([revision.starts_at, *starts])
    last = max([revision.ends_at or revision.starts_at, *ends])
    return first.astimezone(UTC).date() - timedelta(days=1), last.astimezone(UTC).date() + timedelta(days=1)


def _clinic_ids(revision: Revision, visits: Collection[Appointment]) -> tuple[int, ...]:
    """Every clinic whose screens may show the change, the first being the one it is filed under."""
    ids = {each.pk for each in revision.clinics} | {visit.clinic_id for visit in visits}
    for resource in revision.resources:
        ids |= set(clinics_of(resource))
    return tuple(sorted(ids))


def clinics_of(resource: Resource) -> list[int]:
    """Where the resource is used: its own clinic, or all that the doctor serves."""
    if resource.clinic_id:
        return [resource.clinic_id]
    return sorted(Clinic.objects.filter(doctor_places__doctor__resource=resource).values_list("pk", flat=True))
