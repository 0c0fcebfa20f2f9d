"""A minute of kill -9 on every part of a running site while 5,000 messages fall due. Exit status 1 if any goes wrong.

`python -m tests.reminders.chaos`, with COUNT, SECONDS, PORT, CAREBRIDGE_DATA (emptied first) and HONOURS_KEYS=1 for a
provider that takes a key once.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

COUNT = int(os.environ.get("COUNT") or 5000)
SECONDS = float(os.environ.get("SECONDS") or 60)
PORT = os.environ.get("PORT") or "8139"
HONOURS_KEYS = os.environ.get("HONOURS_KEYS") == "1"
CALLED_OFF, MOVED = COUNT // 25, 40
PATIENCE_SECONDS = 600
TARGETS = ("reminders", "reminders", "worker", "web", "cron", "redis", "flush", "postgresql")

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CAREBRIDGE_DATA") or ROOT / ".data" / "test") / "chaos"
shutil.rmtree(DATA, ignore_errors=True)
DATA.mkdir(parents=True)
for name in ("DATABASE_URL", "REDIS_URL", "REDIS_PREFIX", "PROMETHEUS_MULTIPROC_DIR", "SECRET_KEY"):
    os.environ.pop(name, None)
os.environ |= {"CAREBRIDGE_DATA": str(DATA), "CAREBRIDGE_DEMO": "0", "PORT": PORT, "SMS_PER_SECOND": "0"}
os.environ |= {"CAREBRIDGE_ENV": "local", "DJANGO_SETTINGS_MODULE": "carebridge.settings"}

import django  # noqa: E402

django.setup()

from django.db import DatabaseError, connection  # noqa: E402
from redis import Redis  # noqa: E402
from redis.exceptions import RedisError  # noqa: E402

from carebridge import addresses, embedded  # noqa: E402
from carebridge.errors import DomainError  # noqa: E402
from reminders.models import Reminder  # noqa: E402
from reminders.models.reminder import OPEN  # noqa: E402
from scheduling.cancelling import cancel_appointment  # noqa: E402
from scheduling.models import CancellationReason  # noqa: E402
from scheduling.rescheduling import reschedule_appointment  # noqa: E402
from tests import factories  # noqa: E402
from tests.reminders.crowd import free_times, make_crowd  # noqa: E402
from tests.reminders.judgement import Judgement, judge  # noqa: E402
from tests.reminders.stand_in import stand_in_process  # noqa: E402


@contextlib.contextmanager
def site(provider: str) -> Iterator[int]:
    """`bin/up` with SMS going to the provider; its process id."""
    env = os.environ | {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "secret"}
    env |= {"TWILIO_API_BASE": provider, "SMS_SENDER": "+447700900000", "EMAIL_TRANSPORT": "", "LETTER_TRANSPORT": ""}
    with (DATA / "up.log").open("ab") as log:
        process = subprocess.Popen(["bin/up"], cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_until_ready()
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def wait_until_ready() -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=5):
            return
        time.sleep(0.5)
    raise SystemExit((DATA / "up.log").read_text())


def parts() -> dict[int, str]:
    """The site's processes and the names of their logs, by process id: each is the head of a process group."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            log = Path(os.readlink(place / "fd" / "1"))
            if log.parent == DATA / "logs" and os.getpgid(int(place.name)) == int(place.name):
                found[int(place.name)] = log.stem
    return found


def strike(target: str) -> bool:
    """Kill one of the target's processes with all it started, or empty Redis. Whether there was anything to hit."""
    with contextlib.suppress(ProcessLookupError, RedisError):
        if target == "flush":
            with Redis.from_url(addresses.redis_url(DATA), socket_timeout=1) as client:
                client.flushall()
            return True
        if target in ("redis", "postgresql"):
            pid = embedded.redis_pid(DATA) if target == "redis" else embedded.postgres_pid(DATA)
            if pid:
                os.kill(pid, signal.SIGKILL)
            return bool(pid)
        pids = [pid for pid, name in parts().items() if name.startswith(target)]
        if pids:
            os.killpg(random.choice(pids), signal.SIGKILL)
        return bool(pids)
    return False


def call_off(reminder: Reminder, *, to: object, reason: CancellationReason) -> None:
    """Move the visit if there is a time to move it to, else cancel it; again and again until the site lets us."""
    visit = reminder.appointment
    while True:
        try:
            if to:
                reschedule_appointment(
                    appointment=visit, starts_at=to, doctor=visit.doctor, clinic=visit.clinic, by=None
                )
            else:
                cancel_appointment(appointment=visit, reason=reason, by=None)
        except (DatabaseError, DomainError) as error:
            connection.close()
            if called_off_already(reminder):
                return
            if isinstance(error, DomainError) and error.code != "busy":
                raise
            time.sleep(0.3)
        else:
            return


def called_off_already(reminder: Reminder) -> bool:
    """Whether the answer was lost, but not the change."""
    with contextlib.suppress(DatabaseError):
        return Reminder.objects.get(pk=reminder.pk).appointment.status in ("cancelled", "rescheduled")
    return False


def trouble(reminders: list[Reminder]) -> tuple[dict[str, float], Counter]:
    """Strike at random for the time given, while visits are called off. When each was, by key, and what was hit."""
    off: dict[str, float] = {}
    hits: Counter = Counter()
    waiting = sorted(reminders, key=lambda each: each.due_at)[-2 * CALLED_OFF :: 2]
    free = list(free_times(waiting[0].appointment.clinic, waiting[0].appointment.doctor, MOVED))
    reason = factories.CancellationReasonFactory()
    began, targets = time.monotonic(), cycle(random.sample(TARGETS, len(TARGETS)))
    while time.monotonic() < began + SECONDS:
        target = next(targets)
        hits[target] += strike(target)
        pause = time.monotonic() + random.uniform(1.0, 4.0)
        while time.monotonic() < pause and waiting:
            reminder = waiting.pop()
            call_off(reminder, to=free.pop() if free else None, reason=reason)
            off[str(reminder.key)] = time.time()
            time.sleep(SECONDS / CALLED_OFF / 2)
        time.sleep(max(0.0, pause - time.monotonic()))
    return off, hits


def settle() -> None:
    """Wait until no message is open any more."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(DatabaseError):
            if not Reminder.objects.filter(version=None, state__in=OPEN).exists():
                return
        connection.close()
        time.sleep(1)


def main() -> int:
    with stand_in_process(delay=0.02, honours_keys=HONOURS_KEYS) as provider, site(provider):
        reminders = make_crowd(COUNT, due_within=SECONDS)
        off, hits = trouble(reminders)
        ended = time.time()
        settle()
        due = {str(each.key): each.due_at.timestamp() for each in reminders}
        found = judge(provider, due, off, trouble_ended=ended)
    return verdict(found, off, hits)


def verdict(found: Judgement, off: dict[str, float], hits: Counter) -> int:
    """Print what was found; 0 if it is good enough."""
    allowed = 0 if HONOURS_KEYS else COUNT // 100
    print(f"{COUNT} messages in {SECONDS:.0f} s, {len(off)} visits called off, struck: {dict(hits)}")
    print(f"a provider that {'honours keys' if HONOURS_KEYS else 'is asked for its record'}")
    print(f"missing {found.missing}, twice {found.duplicates} (at most {allowed}), in vain {found.in_vain}")
    print(f"within 120 s {found.in_time(120):.2%}, latest after {max(found.late, default=0):.0f} s")
    good = not found.missing and found.duplicates <= allowed and not found.in_vain and found.in_time(120) >= 0.99
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
