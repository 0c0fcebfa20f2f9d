"""Making the demo from beginning to end, all or nothing."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from auditlog.context import disable_auditlog
from django.db import connection, transaction

from carebridge.accounts.models import User
from carebridge.audit.trail import Action, log_change
from scheduling.demo.callers import Callers
from scheduling.demo.catalogue import make_catalogue
from scheduling.demo.disruptions import make_disruptions
from scheduling.demo.fates import make_fates
from scheduling.demo.horizon import LONDON, Horizon
from scheduling.demo.online import make_referrer_links, make_requests, open_to_the_public
from scheduling.demo.patients import make_patients
from scheduling.demo.places import make_places
from scheduling.demo.practitioners import make_practitioners
from scheduling.demo.questions import answer_some, ask_new_patients
from scheduling.demo.referrals import make_referrals
from scheduling.demo.rosters import make_rosters
from scheduling.demo.rows import write_patients, write_visits
from scheduling.demo.staff import make_staff
from scheduling.demo.translations import translate_catalogue
from scheduling.demo.visits import make_visits
from scheduling.demo.world import World
from scheduling.models import Allocation, Clinic

SEED = 20_251_124
LOADING_LOCK = 7_214_001
PATIENTS, WEEKS_EACH_WAY = 20_000, 4

Say = Callable[[str], None]


@dataclass(frozen=True)
class Size:
    """How many patients, and how many weeks before and after today."""

    patients: int = PATIENTS
    weeks: int = WEEKS_EACH_WAY

    @classmethod
    def scaled(cls, scale: float) -> Size:
        """The size for a scale between 0 and 1."""
        return cls(max(200, round(PATIENTS * scale)), max(1, round(WEEKS_EACH_WAY * scale)))


def load_demo(*, now: datetime, size: Size | None = None, say: Say = lambda line: None) -> bool:
    """Make the demo as of `now` (aware) unless there are clinics already; returns whether it was made.

    The same day and size give the same demo: everything random comes from one seed.
    """
    size = size or Size()
    with disable_auditlog(), transaction.atomic():
        # Two starting copies wait here for each other, however slow the machine; the second finds the first's clinics.
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = 0")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOADING_LOCK])
        if Clinic.objects.exists():
            return False
        world = imagine(now, size, say)
        _write(world, say)
        _account_for(world)
    return True


def imagine(now: datetime, size: Size, say: Say = lambda line: None) -> World:
    """Everything there is as of `now` (aware). Patients and visits are not written yet, everything else is."""
    today = now.astimezone(LONDON).date()
    around = timedelta(weeks=size.weeks)
    horizon = Horizon(first=today - around, last=today + around, now=now)
    world = World(random.Random(f"{SEED} {today}"), horizon, size.patients)  # noqa: S311 - invented people, no secrets
    with _step(say, "clinics, rooms, services and practitioners"):
        make_places(world)
        make_catalogue(world)
        ask_new_patients(world)
        specs = make_practitioners(world)
        open_to_the_public(world)
        make_staff(world)
        make_rosters(world, specs)
        make_disruptions(world)
    with _step(say, f"{size.patients:,} patients"):
        make_patients(world)
    with _step(say, f"{2 * size.weeks} weeks of visits"):
        callers = Callers(world)
        make_visits(world, callers)
        make_fates(world, callers)
    return world


def _write(world: World, say: Say) -> None:
    with _step(say, f"writing {len(world.visits):,} appointments with ledger and history"):
        write_patients(world)
        make_referrals(world)
        write_visits(world)
        make_requests(world)
        make_referrer_links(world)
        translate_catalogue()
        answer_some(world)
        _check_constraints_now()


def _check_constraints_now() -> None:
    # A hundred thousand checks are due. Without fresh statistics each would read whole tables. The check of a ledger
    # row is that of its appointment, which is due anyway, so it is done once. (A trigger that finds no such list at
    # all raises and catches an error, which walks the queue of all the others.)
    repeated = [trigger.get_pgid(Allocation) for trigger in Allocation._meta.triggers]  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", ["{" + ",".join(repeated) + "}"])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SELECT set_config('pgtrigger.ignore', '{}', true)")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _account_for(world: World) -> None:
    clinic = world.clinic("harbour")
    counts = {
        "clinics": (0, len(world.clinics)),
        "patients": (0, len(world.patients)),
        "appointments": (0, len(world.visits)),
        "users": (0, User.objects.count()),
    }
    log_change(clinic, event="demo.loaded", by=None, action=Action.CREATE, changes=counts, clinic_id=clinic.pk)


@contextmanager
def _step(say: Say, words: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    say(f"  demo: {words} ({time.monotonic() - started:.1f} s)")
