"""Of the other clinic's patients nothing crosses: no byte of any answer holds what was planted there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from scheduling.models import Patient, ScheduleEvent
from tests.architecture.access import every_row
from tests.architecture.access.admin_pages import ADMIN
from tests.architecture.access.canaries import plant
from tests.architecture.access.rows import COLUMNS, filled
from tests.architecture.access.world import World, credentials, quietly, standing_world

pytestmark = pytest.mark.django_db
MEASURED = re.compile(rb" \S+$", re.MULTILINE)
"""The number at the end of a metric's line: seconds to fifteen digits hold any six by chance. Its labels are read."""
SIGNED_IN = [column for column in COLUMNS if column != "nobody"]


@pytest.fixture(scope="module")
def planted(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[World, list[str]]]:
    """Built once: every request is taken back."""
    with django_db_blocker.unblock(), quietly(), standing_world() as world:
        yield world, plant(world)


@pytest.mark.parametrize("column", SIGNED_IN)
def test_no_page_fragment_or_document_holds_anything_of_the_other_clinics_patients(column, planted):
    world, markers = planted

    found = [
        f"{address} holds {marker!r}"
        for address, answer in answers(world, column)
        for marker in found_in(received(answer, address), markers)
    ]

    assert not found, "\n".join(sorted(set(found)))


def test_the_same_sweep_finds_them_where_they_belong(planted):
    """A sweep that finds nothing anywhere would prove nothing."""
    world, markers = planted
    with transaction.atomic():
        for patient in Patient.objects.filter(clinics__clinic=world.other["clinic"]):
            patient.clinics.get_or_create(clinic_id=world.own["clinic"])
        seen = {
            marker
            for address, answer in answers(world, "receptionist")
            for marker in found_in(received(answer, address), markers)
        }
        transaction.set_rollback(True)

    assert {"zqvmark", "nov 1911", "900987"} <= seen
    assert ScheduleEvent.objects.filter(clinic=world.other["clinic"]).count() > 4


def answers(world: World, column: str) -> Iterator[tuple[str, HttpResponse]]:
    """What was sent, and the answer to it: every GET of the table, as page and as fragment, with the own clinic's
    words and the other's; and searches for the very patient. An answer may repeat what was sent."""
    user = world.people[column]
    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME], token = credentials(user)
    program = {"authorization": f"Token {token}"}
    for address in addresses(world):
        if address.startswith("/accounts/logout"):
            continue
        if address.startswith("/api/v1/"):
            yield address, client.get(address, headers=program)
            continue
        yield address, client.get(address)
        if not address.startswith(("/admin/", "/api/")):
            yield address, client.get(address, headers={"hx-request": "true"})
    for words in ("Zqvmarkfamily", "900987", "1911-11-09", "ZQV-REF"):
        yield words, client.post("/search/", {"q": words})
        yield words, client.post("/patients/suggest/", {"patient_text": words})
        yield words, client.get("/api/v1/patients/", {"search": words}, headers=program)
        yield words, client.get("/api/v1/appointments/", {"search": words}, headers=program)


def addresses(world: World) -> list[str]:
    rows = [row.path for row in every_row() if row.method == "GET"]
    found = {f"/{filled(path, words)}" for path in rows for words in (world.own, world.other)}
    day = world.own["day"]
    found |= {f"/board/?clinic={world.own['clinic']}&day={day}&by={by}" for by in ("doctor", "room", "list")}
    found |= {f"/admin/{pages.model.replace('.', '/')}/" for pages in ADMIN}
    return sorted(found)


def found_in(text: str, markers: list[str]) -> list[str]:
    return [marker for marker in markers if marker in text]


def received(answer: HttpResponse, address: str) -> str:
    """Everything that came back, in lower case, without what was sent itself."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if address == "/metrics":
        body = MEASURED.sub(b"", body)
    text = body.decode(errors="replace") + "".join(f"{name}: {value}\n" for name, value in answer.headers.items())
    return text.lower().replace(address.lower(), "")
