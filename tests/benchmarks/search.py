"""How long a search takes: in the service call ready for JSON, and over HTTP, beside reading the masks alone."""

from __future__ import annotations

import http.client
import json
import os
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import django

django.setup()

import psycopg  # noqa: E402
from django.db import connection, reset_queries  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402
from knox.models import AuthToken  # noqa: E402

from scheduling.api.slot_json import slots_json  # noqa: E402
from scheduling.availability import SlotSearch, find_slots  # noqa: E402
from tests.benchmarks._measure import Figure, report, timed  # noqa: E402
from tests.benchmarks._world import World, analyse, build, fill  # noqa: E402
from tests.site import serve  # noqa: E402


def search_for(world: World, *, days: int, doctors: int | None = None, limit: int = 200) -> SlotSearch:
    """The standard question: this type at every clinic from the Monday on."""
    return SlotSearch(
        appointment_type_id=world.kind.pk,
        clinic_ids=tuple(clinic.pk for clinic in world.clinics),
        doctor_ids=tuple(doctor.pk for doctor in world.doctors[:doctors]) if doctors else None,
        from_day=world.monday,
        to_day=world.monday + timedelta(days=days - 1),
        limit=limit,
        now=timezone.now(),
    )


def masks_alone(world: World, days: int) -> float:
    """The floor: the ledger's masks of all doctors read with bare psycopg."""
    resources = [doctor.resource_id for doctor in world.doctors]
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as bare:
        statement = "SELECT resource_id, day, busy FROM scheduling_resourceday WHERE resource_id = ANY(%s) AND day BETWEEN %s AND %s"
        asked = [resources, world.monday, world.monday + timedelta(days=days - 1)]
        return timed(lambda: bare.execute(statement, asked).fetchall())[0]
