"""A minute of kill -9 on every part of a running site while 5,000 messages fall due. Exit status 1 if any goes wrong.

`python -m tests.reminders.chaos`, with COUNT, SECONDS, SEED, PORT, CAREBRIDGE_DATA (a folder `chaos` in it is emptied
first) and HONOURS_KEYS=1 for a provider of SMS that takes a key once. A fifth of the messages go to a mail server,
which honours none and can't be asked.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.ports import free_port

COUNT = int(os.environ.get("COUNT") or 5000)
SECONDS = float(os.environ.get("SECONDS") or 60)
SEED = int(os.environ.get("SEED") or 1)
PORT = os.environ.get("PORT") or str(free_port())
HONOURS_KEYS = os.environ.get("HONOURS_KEYS") == "1"
BY_EMAIL = 0.2
CALLED_OFF, MOVED = COUNT // 25, 40
PATIENCE_SECONDS = 600
STRIKES = {"reminders": 4, "worker": 2, "web": 3, "cron": 2, "redis": 3, "flush": 3, "postgresql": 3}
"""How often each part is hit within the time, in an order that the seed makes."""

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
from tests.reminders.judgement import Arrival, Judgement, judge, taken_by, too_many  # noqa: E402
from tests.reminders.mail_server import Mailbox, serve_mail  # noqa: E402
from tests.reminders.stand_in import stand_in_process  # noqa: E402


@contextlib.contextmanager
def site(provider: str, mail_port: int) -> Iterator[subprocess.Popen]:
    """`bin/up` with SMS going to the provider and e-mails to the mail server."""
    env = os.environ | {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "secret"}
    env |= {"TWILIO_API_BASE": provider, "SMS_SENDER": "+447700900000", "EMAIL_TRANSPORT": "", "LETTER_TRANSPORT": ""}
    env |= {"EMAIL_URL": f"smtp://127.0.0.1:{mail_port}", "EMAIL_BACKEND": ""}
    with (DATA / "up.log").open("ab") as log:
        process = subprocess.Popen(["bin/up"], cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_until_ready()
        yield process
    finally:
        process.terminate()
        process.wait(60)


def wait_until_ready() -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=5):
            return
        time.sleep(0.5)
    raise SystemExit("The site did not start:\n" + (DATA / "up.log").read_text())


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


def insist_on(running: subprocess.Popen) -> None:
    """The site mends its parts, but nobody mends the site: once it has ended, so do we."""
    if running.poll() is not None:
        raise SystemExit((DATA / "up.log").read_text())


def call_off(reminder: Reminder, running: subprocess.Popen, *, to: object, reason: CancellationReason) -> None:
    """Move the visit if there is a time to move it to, else cancel it; again and again until the site lets us."""
    visit = reminder.appointment
    while True:
        insist_on(running)
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


class Strikes(threading.Thread):
    """Hits one part after another in an order of its own; what is not there at its turn is hit as soon as it is."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.hits: Counter = Counter()

    def run(self) -> None:
        left = [target for target, times in STRIKES.items() for _ in range(times)]
        chance = random.Random(SEED)
        chance.shuffle(left)
        slot, began = SECONDS / len(left), time.monotonic()
        at = [began + slot * (place + chance.random()) for place in range(len(left))]
        while left and time.monotonic() < began + 2 * SECONDS:
            time.sleep(max(0.2, at[self.hits.total()] - time.monotonic()))
            target = next((each for each in left if strike(each)), None)
            if target:
                left.remove(target)
                self.hits[target] += 1


def trouble(reminders: list[Reminder], running: subprocess.Popen) -> tuple[dict[str, float], Counter]:
    """Strike for the time given, while visits are called off. When each was, by key, and how often what was hit."""
    off: dict[str, float] = {}
    waiting = sorted(reminders, key=lambda each: each.due_at)[-2 * CALLED_OFF :: 2]
    free = list(free_times(waiting[0].appointment.clinic, waiting[0].appointment.doctor, MOVED))
    reason = factories.CancellationReasonFactory()
    strikes, began = Strikes(), time.monotonic()
    strikes.start()
    for place, reminder in enumerate(reversed(waiting)):
        time.sleep(max(0.0, began + SECONDS * place / len(waiting) - time.monotonic()))
        call_off(reminder, running, to=free.pop() if free else None, reason=reason)
        off[str(reminder.key)] = time.time()
    strikes.join()
    return off, strikes.hits


def settle(running: subprocess.Popen) -> None:
    """Wait until no message is open any more."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        insist_on(running)
        with contextlib.suppress(DatabaseError):
            if not Reminder.objects.filter(version=None, state__in=OPEN).exists():
                return
        connection.close()
        time.sleep(1)


class Found(NamedTuple):
    """What the providers took, each for itself, and what is to be said of all of it."""

    sms: Sequence[Arrival]
    mails: Sequence[Arrival]
    all: Judgement


def main() -> int:
    random.seed(SEED)
    sms = stand_in_process(delay=0.02, honours_keys=HONOURS_KEYS)
    with sms as provider, serve_mail() as (mailbox, mail_port), site(provider, mail_port) as running:
        reminders = make_crowd(COUNT, due_within=SECONDS, by_email=BY_EMAIL)
        off, hits = trouble(reminders, running)
        ended = time.time()
        settle(running)
        found = look(provider, mailbox, reminders, off, ended)
    good = verdict(found, off, hits)
    if good:
        shutil.rmtree(DATA)
    return 0 if good else 1


def look(
    provider: str, mailbox: Mailbox, reminders: list[Reminder], off: dict[str, float], trouble_ended: float
) -> Found:
    """Ask the providers, not the site."""
    sms, mails = taken_by(provider), mailbox.arrivals
    due = {str(each.key): each.due_at.timestamp() for each in reminders}
    return Found(sms, mails, judge([*sms, *mails], due, off, trouble_ended=trouble_ended))


def verdict(found: Found, off: dict[str, float], hits: Counter) -> bool:
    """Print what was found; whether it is good enough."""
    twice, said = too_many(found.sms), found.all
    print(f"{COUNT} messages in {SECONDS:.0f} s, seed {SEED}, {len(off)} visits called off, struck: {dict(hits)}")
    print(f"SMS by a provider that {'honours keys' if HONOURS_KEYS else 'is asked for its record'}: {len(found.sms)}")
    print(f"e-mails by a mail server that can't be asked: {len(found.mails)}")
    print(f"missing {said.missing}, in vain {said.in_vain}, twice {said.duplicates}, of these SMS {twice}")
    print(f"within 120 s {said.in_time(120):.2%}, latest after {max(said.late, default=0):.0f} s")
    right = not said.missing and not said.in_vain and said.in_time(120) >= 0.99
    once = said.duplicates <= COUNT // 100 and not (HONOURS_KEYS and twice)
    return right and once and found.mails != [] and all(hits[each] >= 2 for each in STRIKES)


if __name__ == "__main__":
    sys.exit(main())
