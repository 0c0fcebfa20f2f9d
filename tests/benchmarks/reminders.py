"""How fast due messages are claimed, composed and handed to a provider that takes 20 ms (COUNT: how many, 100,000)."""

from __future__ import annotations

import multiprocessing
import os
import time as clock
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import NamedTuple

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from reminders import delivery, jobs  # noqa: E402
from reminders.models import Attempt, Kind, Reminder, Rule, RuleVersion, State  # noqa: E402
from reminders.transports import base  # noqa: E402
from reminders.transports.base import Accepted, Outgoing  # noqa: E402
from scheduling.models import Appointment  # noqa: E402
from tests.benchmarks._measure import Figure, report  # noqa: E402
from tests.benchmarks._world import analyse, build  # noqa: E402
from tests.reminders.stand_in import stand_in_process  # noqa: E402

COUNT = int(os.environ.get("COUNT") or 100_000)
PROVIDER_SECONDS = 0.02
RULES = 10


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


def people_with_addresses() -> None:
    """Everybody has a mobile and an e-mail address; one in four prefers e-mail."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE scheduling_patient SET"
            " mobile = '+44770' || lpad((abs(hashtext(id::text)) % 10000000)::text, 7, '0'),"
            " email = id || '@example.org',"
            " preferred_channel = CASE WHEN abs(hashtext(id::text)) % 4 = 0 THEN 'email' ELSE 'sms' END"
        )


def due(count: int) -> float:
    """Write so many due messages, as planning writes them; seconds."""
    Attempt.objects.all()._raw_delete("default")
    Reminder.objects.all()._raw_delete("default")
    visits = list(Appointment.objects.filter(status="confirmed").order_by("pk")[: count // RULES + 1])
    at = timezone.now() - timedelta(minutes=5)
    wanted = (
        Reminder(
            kind=Kind.UPCOMING,
            version=version,
            clinic_id=visit.clinic_id,
            appointment=visit,
            patient_id=visit.patient_id,
            starts_at=visit.starts_at,
            due_at=at,
            next_try_at=at,
            not_after=visit.starts_at,
        )
        for version in versions()
        for visit in visits
    )
    rows = [row for row, _ in zip(wanted, range(count), strict=False)]
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


def floor(count: int) -> float:
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
    build(patients=2000)
    people_with_addresses()
    few = min(COUNT // 10, 10_000)
    sink = dict.fromkeys(("sms", "email"), f"{__name__}.Sink")
    due(few)
    least = floor(few)
    due(few)
    alone = using(sink, lambda: deliver(few, processes=1))
    due(few)
    over_http = by_http(few)
    planned = COUNT / due(COUNT)
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
