"""Of the other clinic's patients nothing crosses through open connections either, while everything there changes."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from channels.layers import channel_layers
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.asgi import application
from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment, undo_cancellation
from scheduling.emergency import close_record, open_record
from scheduling.holds import hold_slot, release_hold
from scheduling.memberships import allow_booking_elsewhere
from scheduling.models import AppointmentType, CancellationReason, Clinic, Doctor, Patient
from scheduling.patients import record_referral, update_patient
from scheduling.rescheduling import reschedule_appointment
from scheduling.roster.blocks import block_time
from scheduling.visits import change_notes
from tests.architecture.access.canaries import plant
from tests.architecture.access.world import Words, World, at_clinic, build_world

pytestmark = pytest.mark.django_db(transaction=True)

Heard = tuple[dict[str, list[str]], list[str]]
QUIET = 0.6
"""Seconds without a frame after which none is on its way."""
KEYS = re.compile(r'"(\w+)":')


@pytest.fixture(autouse=True)
def fresh_layer():
    channel_layers.backends.clear()
    yield
    channel_layers.backends.clear()


@pytest.fixture
def world() -> World:
    return build_world()


def everything_changes(words: Words, patient: Patient, by: User) -> list[str]:
    """All that can happen to a patient's visits at that clinic, and in an emergency; the references of the visits."""
    clinic, doctor = Clinic.objects.get(pk=words["clinic"]), Doctor.objects.get(pk=words["doctor"])
    wish = {"appointment_type": AppointmentType.objects.get(), "doctor": doctor, "clinic": clinic}
    one, two, three = (at_clinic(clinic, hour) for hour in (13, 14, 15))
    _details_change(patient, clinic, by)
    release_hold(hold_slot(**wish, starts_at=one, owner="desk", by=by).id, "desk")
    visit = book_appointment(**wish, patient=patient, starts_at=one, by=by, notes="Zqvmarkfirst")
    change_notes(appointment=visit, notes="Zqvmarkthen", by=by)
    close_record(access=open_record(patient=patient, reason="Zqvmark fell in the hall", by=by), by=by)
    moved = reschedule_appointment(appointment=visit, starts_at=two, by=by)
    reason = CancellationReason.objects.get()
    cancel_appointment(appointment=moved, reason=reason, note="Zqvmarkcancelled", by=by)
    undo_cancellation(appointment=moved, by=by)
    leave = {"kind": "leave", "starts_at": three, "ends_at": three + timedelta(hours=1)}
    block_time(resource=doctor.resource, **leave, reason="Zqvmarkblock", by=None)
    return [visit.reference, moved.reference]


def _details_change(patient: Patient, clinic: Clinic, by: User) -> None:
    today = timezone.now().date()
    valid = {"valid_from": today, "valid_until": today + timedelta(days=90)}
    record_referral(patient=patient, clinic=clinic, by=by, number="ZQV-NEW", referrer="Dr Zqvmarklate", **valid)
    update_patient(patient=patient, by=by, contact_note="Zqvmarklater")


def connection(user: User, path: str) -> WebsocketCommunicator:
    client = Client()
    client.force_login(user)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    headers = [(b"cookie", cookie.encode()), (b"origin", b"http://testserver"), (b"host", b"testserver")]
    return WebsocketCommunicator(application, path, headers=headers)


async def heard(sockets: Mapping[str, WebsocketCommunicator], change: Callable[[], list[str]]) -> Heard:
    """What each connection receives while it changes, and what the change returned."""
    for socket in sockets.values():
        assert (await socket.connect(timeout=10))[0]
    await asyncio.sleep(QUIET)
    references = await database_sync_to_async(change)()
    frames: dict[str, list[str]] = {name: [] for name in sockets}
    for name, socket in sockets.items():
        while not await socket.receive_nothing(timeout=QUIET):
            frames[name].append(str(await socket.receive_output()))
        with contextlib.suppress(asyncio.CancelledError):
            await socket.disconnect()
    return frames, references


def test_no_open_connection_hears_anything_of_the_other_clinics_patients(world):
    markers = plant(world)
    patient = Patient.objects.get(family_name="Zqvmarkfamily")
    reception_there = User.objects.get(username="receptionistnorth")
    booker = world.people["receptionist"]
    allow_booking_elsewhere(membership=booker.memberships.get(), by=None)
    own, other = world.own["clinic"], world.other["clinic"]
    sockets = {
        f"{column} {path}": connection(user, path)
        for column, user in world.people.items()
        for path in (f"/ws/schedule/{own}/", f"/ws/schedule/{other}/", "/ws/schedule/")
    }
    sockets["there"] = connection(reception_there, f"/ws/schedule/{other}/")

    frames, references = async_to_sync(heard)(
        sockets, lambda: everything_changes(world.other, patient, reception_there)
    )

    said = " ".join(" ".join(each) for each in frames.values()).lower()
    hidden = [*markers, *(reference.lower() for reference in references), str(patient.pk), "zqv"]
    assert [marker for marker in hidden if marker in said] == []
    # Reception there hears of each change, so there was something to overhear; whoever books elsewhere, of the days.
    assert len(frames.pop("there")) >= len(references) + 4
    told_of_there = {name for name, each in frames.items() if f'"clinic": {other},' in " ".join(each)}
    assert told_of_there == {"receptionist /ws/schedule/"}
    assert {key for each in frames.values() for frame in each for key in KEYS.findall(frame)} == {"clinic", "day"}
