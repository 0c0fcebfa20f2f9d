"""How fast due messages are claimed, composed and handed to a provider that takes 20 ms (COUNT: how many, 100,000)."""

from __future__ import annotations

import multiprocessing
import os
import random
import time as clock
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from itertools import cycle
from typing import NamedTuple
from uuid import UUID

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from reminders import delivery, jobs  # noqa: E402
from reminders.models import Attempt, Kind, Reminder, Rule, RuleVersion, State  # noqa: E402
from reminders.transports import base  # noqa: E402
from reminders.transports.base import Accepted, Outgoing  # noqa: E402
from tests.benchmarks._measure import Figure, report  # noqa: E402
from tests.benchmarks._world import DOCTORS_EACH, World, analyse, build  # noqa: E402
from tests.reminders.crowd import make_visits  # noqa: E402
from tests.reminders.stand_in import stand_in_process  # noqa: E402

COUNT = int(os.environ.get("COUNT") or 100_000)
PROVIDER_SECONDS = 0.02
RULES = 10
CHUNK = 1000


class Visit(NamedTuple):
    """What a planned message says of its visit."""

    pk: int
    clinic_id: int
    patient_id: UUID
    starts_at: datetime


class Pace(NamedTuple):
    """Messages a second, and milliseconds of processor that each took of the processes that send."""

    rate: float
    processor: float


class Sink:
    """A provider in this process that takes as long as a real one, and nothing of the processor."""

    name = "sink"
    honours_keys = True

    def send(self, message: Outgoing) -> Accepted:
        clock.sleep(PROVIDER_SECONDS)
        return Accepted(message.key.hex)

    def find(self, message: Outgoing, since: datetime) -> Accepted | None:
        return None


def versions() -> list[RuleVersion]:
    """Ten rules side by side whose hours are never quiet for long."""
    rules = [Rule.objects.get_or_create(kind=Kind.UPCOMING, slot=f"bench-{number}")[0] for number in range(RULES)]
    quiet = {"quiet_from": time(0, 0), "quiet_until": time(0, 1)}
    return [RuleVersion.objects.get_or_create(rule=rule, number=1, defaults=quiet)[0] for rule in rules]


def visits(world: World) -> list[Visit]:
    """COUNT visits at all the clinics, each of another patient: one in four prefers e-mail."""
    made: list[Visit] = []
    for first in range(0, COUNT, CHUNK):
        numbers, place = range(first, min(first + CHUNK, COUNT)), first // CHUNK % len(world.doctors)
        doctor, clinic = world.doctors[place], world.clinics[place // DOCTORS_EACH]
        rows = make_visits(numbers, doctor=doctor, clinic=clinic, kind=world.kind, by_email=0.25)
        made += [Visit(row.pk, row.clinic_id, row.patient_id, row.starts_at) for row in rows]
    random.Random(1).shuffle(made)
    return made


def due(visits: Sequence[Visit]) -> float:
    """Write a due message about each visit, as planning writes them; seconds."""
    Attempt.objects.all()._raw_delete("default")
    Reminder.objects.all()._raw_delete("default")
    at = timezone.now() - timedelta(minutes=5)
    rows = [
        Reminder(
            kind=Kind.UPCOMING,
            version=version,
            clinic_id=visit.clinic_id,
            appointment_id=visit.pk,
            patient_id=visit.patient_id,
            starts_at=visit.starts_at,
            due_at=at,
            next_try_at=at,
            not_after=visit.starts_at,
        )
        for visit, version in zip(visits, cycle(versions()), strict=False)
    ]
    started = clock.perf_counter()
    with transaction.atomic():
        Reminder.objects.bulk_create(rows, batch_size=1000)
    took = clock.perf_counter() - started
    analyse()
    return took


def deliver(count: int, *, processes: int) -> Pace:
    """Send them all in so many processes."""
    connection.close()
    context = multiprocessing.get_context("fork")
    used = context.Value("d", 0.0)

    def work() -> None:
        while delivery.deliver_due(seconds=20)["looked_at"]:
            pass
        with used.get_lock():
            used.value += clock.process_time()

    started = clock.perf_counter()
    workers = [context.Process(target=work) for _ in range(processes)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    pace = Pace(count / (clock.perf_counter() - started), 1000 * used.value / count)
    sent, tries = Reminder.objects.filter(state=State.SENT).count(), Attempt.objects.count()
    if (sent, tries) != (count, count):
        raise SystemExit(f"{sent} of {count} were sent, in {tries} tries")
    return pace


def floor() -> float:
    """The same rows through the same states by SQL alone, in the same batches; rows a second."""
    claim = (
        "WITH due AS (SELECT id FROM reminders_reminder WHERE state = 'planned' AND next_try_at <= now()"
        " ORDER BY next_try_at LIMIT 64 FOR UPDATE SKIP LOCKED)"
        " UPDATE reminders_reminder r SET state = 'sending', claimed_at = now() FROM due WHERE r.id = due.id"
        " RETURNING r.id"
    )
    started, done = clock.perf_counter(), 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(claim)
            ids = [pk for (pk,) in cursor.fetchall()]
            if not ids:
                return done / (clock.perf_counter() - started)
            cursor.execute("UPDATE reminders_reminder SET state = 'sent', sent_at = now() WHERE id = ANY(%s)", [ids])
            done += len(ids)


def by_http(count: int) -> Pace:
    """The pace through Twilio's client to a stand-in that takes as long, in a process of its own."""
    with stand_in_process(delay=PROVIDER_SECONDS) as address:
        settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC" + "0" * 32, "secret"
        settings.TWILIO_API_BASE, settings.SMS_SENDER = address, "+447700900000"
        return using({"sms": "reminders.transports.twilio.Twilio"}, lambda: deliver(count, processes=2))


def using(transports: dict[str, str], measure: Callable[[], Pace]) -> Pace:
    """What is measured with these transports."""
    base._made.clear()
    settings.REMINDER_TRANSPORTS = transports
    jobs.warm_up()
    return measure()


def main() -> None:
    settings.REMINDER_RATES = {}
    everyone = visits(build())
    few = min(COUNT // 10, 10_000)
    sink = dict.fromkeys(("sms", "email"), f"{__name__}.Sink")
    due(everyone[:few])
    least = floor()
    due(everyone[:few])
    alone = using(sink, lambda: deliver(few, processes=1))
    due(everyone[:few])
    over_http = by_http(few)
    planned = COUNT / due(everyone)
    both = using(sink, lambda: deliver(COUNT, processes=2))
    width = f"{settings.REMINDER_SENDERS} threads / {1000 * PROVIDER_SECONDS:.0f} ms"
    threads = settings.REMINDER_SENDERS / PROVIDER_SECONDS
    report(
        "reminders",
        [
            Figure(f"{COUNT:,} rows planned", planned, unit="/s"),
            Figure(
                f"{COUNT:,} sent, two processes", both.rate, "/s", floor=least, floor_is="states by SQL", goal="≥ 200/s"
            ),
            Figure("its processor time each", both.processor),
            Figure(f"{few:,} sent, one process", alone.rate, unit="/s", floor=threads, floor_is=width),
            Figure("its processor time each", alone.processor),
            Figure(f"{few:,} by HTTP, two", over_http.rate, unit="/s", floor=2 * threads, floor_is=f"2 × {width}"),
            Figure("its processor time each", over_http.processor),
        ],
    )


if __name__ == "__main__":
    main()
