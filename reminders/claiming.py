"""Taking due messages from the table, each by one process only, with a decision for every one of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Prefetch, QuerySet, prefetch_related_objects

from reminders import joining, outcomes, planning, reasons, relevance, routing, timing
from reminders.models import Attempt, ContactBlock, Medium, Reminder, State
from reminders.occasion import LOADED
from reminders.rows import update_each
from reminders.transports.base import Outgoing, Transport, transport_for
from scheduling.models import Appointment

log = structlog.get_logger(__name__)

RELATED = ("appointment", "patient", "user", "invitation")
TOLD_WITH = Prefetch("joined", Reminder.objects.filter(state=State.JOINED).select_related(*LOADED))
"""The other visits that a message tells of; known once those of the batch have been joined."""
FEW = (
    "clinic",
    "version__rule",
    "version__texts",
    "appointment__clinic",
    "appointment__doctor",
    "appointment__appointment_type__service",
    "appointment__moved_from",
    "invitation__link",
    "invitation__appointment_type__service",
)
"""Few different ones among many messages: read once for all."""
SHARED: tuple[str | Prefetch, ...] = (TOLD_WITH, *FEW)


@dataclass
class Claim:
    """A message that this process alone may send, until its lease ends."""

    reminder: Reminder
    transport: Transport
    media: tuple[str, ...]
    """The medium it goes by now, and those it may go by if that one fails for good."""
    number: int
    claimed_at: datetime
    attempt_id: int = 0
    pages: Mapping[int, str] | None = None
    """Where its visits are seen and changed, once that has been found out for the whole batch."""
    outgoing: Outgoing | None = None

    @property
    def medium(self) -> str:
        return self.media[0]


@dataclass(frozen=True)
class Wait:
    """Not yet: the next look is at `until`. `because` is kept for those who wonder."""

    until: datetime
    because: str = ""


@dataclass(frozen=True)
class Never:
    """Not to be sent: a code, and whether that is a failure that somebody should see."""

    reason: str
    failed: bool = False


@dataclass(frozen=True)
class Broken:
    """Something of ours went wrong over this one."""


Verdict = Claim | Wait | Never | Broken
Admit = Callable[[str, datetime], Wait | None]
"""Whether the provider of this name takes one more, and if not, when to ask again."""


@dataclass
class Claimed:
    """What came of one look: how many were due, and those to send."""

    looked_at: int = 0
    claims: list[Claim] = field(default_factory=list)


@transaction.atomic
def claim(limit: int, *, now: datetime, admit: Admit) -> Claimed:
    """Take up to `limit` due messages, decide on each, and write down every try before it is made."""
    reminders = _take(limit, now)
    if not reminders:
        return Claimed()
    blocks, booked = _blocks(reminders), relevance.booked_again(reminders)
    verdicts = [
        (each, Never(reasons.BOOKED_AGAIN) if each.pk in booked else _decide(each, now, blocks, admit))
        for each in reminders
    ]
    for reminder, verdict in verdicts:
        if isinstance(verdict, Never):
            outcomes.end(reminder, verdict.reason, failed=verdict.failed)
        elif isinstance(verdict, Broken):
            outcomes.stumble(reminder, now)
    claims = [verdict for _, verdict in verdicts if isinstance(verdict, Claim)]
    left, put_off = joining.absorb([claim.reminder for claim in claims])
    going = {each.pk for each in left}
    claims = [claim for claim in claims if claim.reminder.pk in going]
    prefetch_related_objects([claim.reminder for claim in claims], TOLD_WITH)
    _start(claims, now)
    _postpone([(each, verdict) for each, verdict in verdicts if isinstance(verdict, Wait)])
    _postpone([(each, _a_moment(now)) for each in put_off])
    return Claimed(len(reminders), claims)


def still_right(claims: Sequence[Claim]) -> Mapping[int, str]:
    """What speaks against sending each claim as things are at this instant: a code by reminder id, or "".

    Read afresh, because visits are cancelled and moved while messages about them wait. "lost": it isn't ours any more.
    """
    visit = ("appointment_id", "appointment__status", "appointment__starts_at")
    columns = ("pk", "state", "claimed_at", *visit, "invitation__withdrawn_at", "invitation__appointment")
    fresh = {
        row[0]: row for row in Reminder.objects.filter(pk__in=[c.reminder.pk for c in claims]).values_list(*columns)
    }
    return {each.reminder.pk: _against(each, fresh.get(each.reminder.pk)) for each in claims}


def _against(claim: Claim, row: tuple | None) -> str:
    if row is None or row[1] != State.SENDING or row[2] != claim.claimed_at:
        return "lost"
    if row[3] is None:
        return relevance.why_not_invite(row[6], row[7])
    return relevance.why_not(claim.reminder.kind, claim.reminder.starts_at, row[4], row[5])


def give_back(claims: Sequence[Claim], until: datetime, because: str = "") -> None:
    """Let go of claims that were not handed over, as if they had never been taken: no try is used up."""
    with transaction.atomic():
        for each in claims:
            back = {"state": State.PLANNED, "tries": F("tries") - 1, "claimed_at": None, "next_try_at": until}
            if because:
                back["provider_words"] = because
            if _ours(each).update(**back):
                Attempt.objects.filter(pk=each.attempt_id, outcome=Attempt.Outcome.STARTED).delete()


def withdraw(claim: Claim, reason: str) -> None:
    """Suppress a claimed message that isn't true any more; the try was never made."""
    with transaction.atomic():
        if _ours(claim).update(state=State.SUPPRESSED, reason=reason, tries=F("tries") - 1, claimed_at=None):
            Attempt.objects.filter(pk=claim.attempt_id, outcome=Attempt.Outcome.STARTED).delete()
            planning.release_joined(Reminder.objects.filter(pk=claim.reminder.pk))


def _ours(claim: Claim) -> QuerySet[Reminder]:
    return Reminder.objects.filter(pk=claim.reminder.pk, state=State.SENDING, claimed_at=claim.claimed_at)


def _take(limit: int, now: datetime) -> list[Reminder]:
    due = Reminder.objects.due(now).order_by("next_try_at").select_for_update(skip_locked=True)
    ids = list(due.values_list("pk", flat=True)[:limit])
    found = Reminder.objects.filter(pk__in=ids).select_related(*RELATED).prefetch_related(*FEW) if ids else []
    return sorted(found, key=lambda each: each.next_try_at)


def _blocks(reminders: Iterable[Reminder]) -> list[ContactBlock]:
    patients = [each.patient for each in reminders if each.patient is not None]
    addresses = {routing.address_of(each, medium) for each in patients for medium in routing.ELECTRONIC}
    return list(ContactBlock.objects.filter(lifted_at=None, address__in=addresses - {""}))


def _decide(reminder: Reminder, now: datetime, blocks: Collection[ContactBlock], admit: Admit) -> Verdict:
    try:
        return _hindered(reminder, now) or _by_some_route(reminder, now, blocks, admit)
    except Exception:
        # One message that can't be decided upon must not keep the others of its batch from going.
        log.exception("reminder_fault", reminder=reminder.pk)
        return Broken()


def _hindered(reminder: Reminder, now: datetime) -> Wait | Never | None:
    if now > reminder.not_after:
        # What a provider kept us from sending is a failure; what only came too late is not.
        return Never(reasons.NO_TIME_LEFT, failed=reminder.tries > 0 or bool(reminder.provider_words))
    visit: Appointment | None = reminder.appointment
    if visit and (reason := relevance.why_not(reminder.kind, reminder.starts_at, visit.status, visit.starts_at)):
        return Never(reason)
    asked = reminder.invitation
    if asked and (reason := relevance.why_not_invite(asked.withdrawn_at, asked.appointment_id)):
        return Never(reason)
    if reminder.version and (until := timing.quiet_ends(reminder.version, now, reminder.clinic.zone)):
        return Wait(until) if until <= reminder.not_after else Never(reasons.NO_TIME_LEFT)
    return None


def _by_some_route(reminder: Reminder, now: datetime, blocks: Collection[ContactBlock], admit: Admit) -> Verdict:
    route = _route(reminder, blocks)
    if not route.media:
        return Never(route.reason)
    media = tuple(each for each in route.media if each in settings.REMINDER_TRANSPORTS)
    if not media:
        return Never(reasons.NO_CONTACT, failed=True)
    if reminder.medium in media:  # the one before it failed for good
        media = media[media.index(Medium(reminder.medium)) :]
    wait: Wait | None = None
    for place, medium in enumerate(media):
        transport = transport_for(medium)
        hindrance = admit(transport.name, now)
        if hindrance is None:
            rest = tuple(str(each) for each in media[place:])
            return Claim(reminder, transport, rest, number=0, claimed_at=now)
        wait = wait or hindrance
        if wait.until <= reminder.not_after:
            break  # there is time to wait for the medium of their choice
    return wait or Broken()


def _route(reminder: Reminder, blocks: Collection[ContactBlock]) -> routing.Route:
    """How the person can be reached, as they are now."""
    if reminder.patient is not None and not reminder.to_staff:
        return routing.media_for(reminder.patient, reminder.version, blocks)
    return routing.route_of(reminder)


def _start(claims: Sequence[Claim], now: datetime) -> None:
    """Mark the claims as being sent, each with its try."""
    if not claims:
        return
    ids = [each.reminder.pk for each in claims]
    tried = [each.reminder.pk for each in claims if each.reminder.tries]
    last = dict(Attempt.objects.filter(reminder__in=tried).values_list("reminder").annotate(Max("number")))
    for each in claims:
        each.number = last.get(each.reminder.pk, 0) + 1
        reminder = each.reminder
        reminder.state, reminder.claimed_at, reminder.tries = State.SENDING, now, reminder.tries + 1
        reminder.medium, reminder.provider = each.medium, each.transport.name
        reminder.language = reminder.patient.language if reminder.patient else reminder.language or "en"
    columns = {
        "medium": [each.medium for each in claims],
        "provider": [each.transport.name for each in claims],
        "language": [each.reminder.language for each in claims],
    }
    update_each(Reminder, ids, columns, also="state = 'sending', tries = t.tries + 1, claimed_at = %s", given=[now])
    attempts = [
        Attempt(
            reminder=each.reminder,
            number=each.number,
            medium=each.medium,
            provider=each.transport.name,
            started_at=now,
        )
        for each in claims
    ]
    for each, attempt in zip(claims, Attempt.objects.bulk_create(attempts), strict=True):
        each.attempt_id = attempt.pk


def _a_moment(now: datetime) -> Wait:
    """Until another process is done with what it has in hand; not as long for both, or they would meet again."""
    return Wait(now + timedelta(seconds=random.uniform(0.2, 2)))  # noqa: S311 - only spread


def _postpone(waiting: Sequence[tuple[Reminder, Wait]]) -> None:
    if not waiting:
        return
    columns: dict[str, list[Any]] = {
        "next_try_at": [wait.until for _, wait in waiting],
        "provider_words": [wait.because or reminder.provider_words for reminder, wait in waiting],
    }
    update_each(Reminder, [reminder.pk for reminder, _ in waiting], columns)
