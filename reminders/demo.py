"""Messages of the demo clinics: what the rules had sent until now, plausibly, and what they have planned."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from reminders import reasons, rules, timing
from reminders.defaults import install_defaults
from reminders.demo_replies import load_replies
from reminders.demo_unsettled import Row, leave_unsettled, tell_together, tries_of
from reminders.kinds import AFTER_VISIT, BEFORE_VISIT, MISSED
from reminders.models import Attempt, Kind, Reminder, Rule, RuleVersion, State
from scheduling.demo.bulk import copy_in, reserve_keys
from scheduling.models import Appointment, Cancellation, Patient, Status

SEED = 20_261_122
REMEMBERED = timedelta(days=8)
"""Older messages are left out: the demo has to be made while somebody waits."""
PROVIDER = "outbox"
REFUSALS = (
    ("21614", "This number can't receive SMS"),
    ("30005", "Unknown destination handset"),
    ("30006", "Landline or unreachable carrier"),
)
REFUSED, STILL_ON_ITS_WAY = 0.012, 0.02
FIELDS = (
    "pk", "appointment_type_id", "clinic_id", "patient_id", "status", "starts_at", "ends_at", "created_at",
    "time_zone", "moved_from_id", "attendance_confirmed_at", "checked_in_at",
)  # fmt: skip

Facts = Mapping[str, Any]


def load_messages(*, now: datetime, say: Callable[[str], None] = lambda line: None) -> bool:
    """Make the messages of appointments that have none, as of `now` (aware), unless there are any messages already.

    Whether they were made. The same appointments give the same messages.
    """
    if Reminder.objects.exists() or not Appointment.objects.exists():
        return False
    started = time.monotonic()
    with transaction.atomic():
        install_defaults()
        rules.forget()
        rng = random.Random(SEED)  # noqa: S311 - invented outcomes, no secrets
        rows = list(_messages(now, rng))
        for row, pk in zip(rows, reserve_keys(Reminder, len(rows)), strict=True):
            row["id"] = pk
        tell_together(rows)
        leave_unsettled(rows, now, rng)
        copy_in(Reminder, rows)
        tries = [row for row in rows if row["tries"]]
        copy_in(Attempt, _attempts(tries))
        load_replies(now, rng)
        Rule.objects.update(replan_due_at=None, replanned_to=0)
    say(f"  demo: {len(rows):,} messages, sent and planned ({time.monotonic() - started:.1f} s)")
    return True


def _messages(now: datetime, rng: random.Random) -> Iterator[Row]:
    ways = {pk: _way(*wishes) for pk, *wishes in Patient.objects.values_list("pk", *WISHES)}
    cancelled = dict(Cancellation.objects.filter(undone_at=None).values_list("appointment_id", "cancelled_at"))
    moved = dict(Appointment.objects.filter(moved_from__isnull=False).values_list("moved_from_id", "created_at"))
    visits = Appointment.objects.filter(ends_at__gt=now - REMEMBERED).exclude(status__in=NEVER_FIRM)
    zones: dict[str, ZoneInfo] = {}
    for values in visits.order_by("pk").values_list(*FIELDS):
        visit = dict(zip(FIELDS, values, strict=True))
        zone = zones.setdefault(str(visit["time_zone"]), ZoneInfo(str(visit["time_zone"])))
        ended = cancelled.get(values[0]) or moved.get(values[0])
        yield from _of_visit(visit, zone, ended, ways[values[3]], now, rng)


WISHES = ("preferred_channel", "mobile", "consents_to_sms", "email", "consents_to_email")
NEVER_FIRM = (Status.PENDING, Status.EXPIRED)


def _way(preferred: str, mobile: str, sms: bool, email: str, mail: bool) -> tuple[str, str]:
    """The medium that reaches somebody, or the reason why none does."""
    may = [medium for medium, can in (("sms", mobile and sms), ("email", email and mail)) if can]
    if preferred == "letter" or (not mobile and not email):
        return "letter", ""
    if not may:
        return "", reasons.NO_CONSENT
    return (preferred if preferred in may else may[0]), ""


def _of_visit(
    visit: Facts, zone: ZoneInfo, ended: datetime | None, way: tuple[str, str], now: datetime, rng: random.Random
) -> Iterator[Row]:
    times = timing.Times(visit["starts_at"], visit["ends_at"], visit["created_at"], zone)
    for version in rules.current_book().active(visit["clinic_id"], visit["appointment_type_id"], _kinds(visit)):
        kind = version.rule.kind
        told_at = ended if kind == Kind.CANCELLED else times.booked_at
        begun = told_at or times.booked_at
        when = timing.timed(kind, version, times, now=begun, told_at=told_at)
        if when.due_at > now - REMEMBERED:
            row = _row(visit, version, when) | {"_visit": visit, "_version": version, "_zone": zone}
            _decide(row, visit, when, None if kind == Kind.CANCELLED else ended, way, now, rng)
            yield row


def _kinds(visit: Facts) -> frozenset[str]:
    kinds = BEFORE_VISIT | {Kind.RESCHEDULED if visit["moved_from_id"] else Kind.BOOKED}
    extra: Mapping[str, frozenset[Kind]] = {
        Status.CANCELLED: frozenset({Kind.CANCELLED}),
        Status.COMPLETED: AFTER_VISIT,
        Status.NO_SHOW: MISSED,
    }
    return frozenset(kinds | extra.get(str(visit["status"]), frozenset()))


def _row(visit: Facts, version: RuleVersion, when: timing.Timed) -> Row:
    return {
        "kind": version.rule.kind,
        "version_id": version.pk,
        "clinic_id": visit["clinic_id"],
        "appointment_id": visit["pk"],
        "patient_id": visit["patient_id"],
        "starts_at": visit["starts_at"],
        "due_at": when.due_at,
        "not_after": when.not_after,
        "next_try_at": when.due_at,
        "created_at": min(when.due_at, visit["created_at"]),
        "state": State.PLANNED,
        "reason": when.reason,
        "tries": 0,
    }


def _decide(
    row: Row,
    visit: Facts,
    when: timing.Timed,
    ended: datetime | None,
    way: tuple[str, str],
    now: datetime,
    rng: random.Random,
) -> None:
    """What became of a message: not needed any more, still to come, or sent and how that went."""
    row["key"] = uuid.UUID(int=rng.getrandbits(128), version=4)
    answered = visit["attendance_confirmed_at"] if row["kind"] == Kind.CONFIRM_REQUEST else None
    if not row["reason"]:
        row["reason"] = _withdrawn(visit, when.due_at, ended, answered) or (way[1] if when.due_at <= now else "")
    if row["reason"]:
        row["state"] = State.SUPPRESSED
    elif when.due_at <= now:
        row |= _sent(when.due_at, way[0], now, rng)


def _withdrawn(visit: Facts, due_at: datetime, ended: datetime | None, answered: datetime | None) -> str:
    """Why it was not sent, if something had happened before it was due."""
    arrived = visit["checked_in_at"] if due_at < visit["ends_at"] else None
    happened: tuple[tuple[datetime | None, str], ...] = (
        (ended, reasons.CANCELLED if visit["status"] == Status.CANCELLED else reasons.MOVED),
        (answered, reasons.ALREADY_CONFIRMED),
        (arrived, reasons.ARRIVED),
    )
    reason = next((reason for at, reason in happened if at is not None and at < due_at), "")
    return reason or (reasons.IN_REVIEW if visit["status"] == Status.REQUIRES_REVIEW else "")


def _sent(due_at: datetime, medium: str, now: datetime, rng: random.Random) -> Row:
    at = min(now, due_at + timedelta(seconds=rng.uniform(0.5, 6)))
    row: Row = {"medium": medium, "provider": PROVIDER, "tries": 1, "language": "en"}
    chance = rng.random()
    if medium == "sms" and chance < REFUSED:
        code, words = rng.choice(REFUSALS)
        handled = at + timedelta(hours=rng.uniform(0.2, 30))
        return {
            **row,
            "state": State.FAILED,
            "reason": reasons.PROVIDER_REFUSED,
            "provider_words": words,
            "handled_at": handled if handled < now else None,
            "_code": code,
        }
    row |= {"sent_at": at, "provider_id": uuid.UUID(int=rng.getrandbits(128)).hex, "state": State.SENT}
    arrived = at + timedelta(seconds=rng.uniform(1, 20))
    if medium == "letter":
        # The post goes within two days; what was written since then waits.
        posted = at + timedelta(hours=40)
        row |= {"handled_at": posted if posted < now else None}
    elif chance > STILL_ON_ITS_WAY and arrived < now:
        row |= {"state": State.DELIVERED, "delivered_at": arrived}
    return row


def _attempts(rows: Iterable[Row]) -> Iterator[Row]:
    tried = [each for row in rows for each in tries_of(row)]
    for row, pk in zip(tried, reserve_keys(Attempt, len(tried)), strict=True):
        yield row | {"id": pk}
