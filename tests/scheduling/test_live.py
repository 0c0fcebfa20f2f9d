"""Live screens: who is told, that they are told nothing but that, and that a lost Redis hurts nobody."""

from __future__ import annotations

import asyncio
from datetime import datetime, time, timedelta
from unittest.mock import AsyncMock

import pytest
from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from channels.layers import channel_layers
from channels.testing import WebsocketCommunicator
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.test import override_settings

from carebridge.accounts.models import Role
from carebridge.asgi import application
from scheduling import consumers, live
from scheduling.booking import book_appointment
from scheduling.cancelling import cancel_appointment
from scheduling.consumers import ScheduleConsumer
from scheduling.holds import hold_slot, release_hold
from scheduling.memberships import revoke_membership
from scheduling.models import Appointment
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


may_not = vars(ScheduleConsumer)["refusal"]


@pytest.fixture(autouse=True)
def fresh_layer(monkeypatch):
    """Each test runs its own event loop, so each needs a layer of its own; roles are asked for at every message."""
    channel_layers.backends.clear()
    monkeypatch.setattr(consumers, "FRESH_SECONDS", 0)
    yield
    channel_layers.backends.clear()


@pytest.fixture
def book(patient, consultation, dr_osei, harbour, receptionist, monday, room_1):
    def run() -> Appointment:
        start = datetime.combine(monday, time(10), tzinfo=harbour.zone)
        wish = {"patient": patient, "appointment_type": consultation, "doctor": dr_osei, "clinic": harbour}
        return book_appointment(**wish, starts_at=start, by=receptionist)

    return run


@pytest.fixture
def screen(settings, client):
    """Signs somebody in; what it returns opens a live connection as them."""

    def sign_in(user, clinic=None):
        client.cookies.clear()  # each person keeps a session of their own
        client.force_login(user)
        cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
        headers = [(b"cookie", cookie.encode()), (b"origin", b"http://testserver"), (b"host", b"testserver")]
        path = f"/ws/schedule/{clinic.pk}/" if clinic else "/ws/schedule/"
        return lambda: WebsocketCommunicator(application, path, headers=headers)

    return sign_in


def run(scenario) -> None:
    """Run a scenario of sockets in an event loop of its own."""
    async_to_sync(scenario)()


async def closed_with(socket: WebsocketCommunicator) -> int:
    message = await socket.receive_output(timeout=5)
    assert message["type"] == "websocket.close"
    return message["code"]


def test_a_booking_reaches_the_screen_as_clinic_and_day_and_nothing_else(screen, receptionist, harbour, book, monday):
    opened = screen(receptionist, harbour)

    async def scenario():
        socket = opened()
        assert (await socket.connect())[0]
        await database_sync_to_async(book)()
        assert await socket.receive_json_from(timeout=5) == {"clinic": harbour.pk, "day": monday.isoformat()}
        await socket.disconnect()

    run(scenario)


def test_a_page_that_is_connected_misses_nothing_however_long_that_took(
    screen, receptionist, harbour, book, monkeypatch
):
    opened = screen(receptionist, harbour)

    async def slowly(consumer: ScheduleConsumer) -> int | None:
        await asyncio.sleep(0.5)
        return await may_not(consumer)

    monkeypatch.setattr(ScheduleConsumer, "refusal", slowly)

    async def scenario():
        socket = opened()
        assert (await socket.connect())[0]
        await database_sync_to_async(book)()
        assert (await socket.receive_json_from(timeout=5))["clinic"] == harbour.pk
        await socket.disconnect()

    run(scenario)


def test_told_before_it_listens_that_it_is_connected_a_page_does_miss_it(
    screen, receptionist, harbour, book, monkeypatch
):
    opened = screen(receptionist, harbour)

    async def scenario():
        booked = asyncio.Event()

        async def accepted_already(consumer: ScheduleConsumer) -> int | None:
            await consumer.accept()
            consumer.accept = AsyncMock()
            await booked.wait()
            return await may_not(consumer)

        monkeypatch.setattr(ScheduleConsumer, "refusal", accepted_already)
        socket = opened()
        assert (await socket.connect())[0]
        await database_sync_to_async(book)()
        booked.set()
        assert await socket.receive_nothing(timeout=1)
        await socket.disconnect()

    run(scenario)


def test_a_doctor_hears_of_their_own_list(screen, doctor_user, harbour, book, monday):
    opened = screen(doctor_user, harbour)

    async def scenario():
        socket = opened()
        assert (await socket.connect())[0]
        await database_sync_to_async(book)()
        assert (await socket.receive_json_from(timeout=5))["day"] == monday.isoformat()
        await socket.disconnect()

    run(scenario)


def test_who_has_a_screen_open_is_known_until_shortly_after(screen, doctor_user, receptionist, harbour):
    opened = screen(doctor_user, harbour)

    async def scenario():
        socket = opened()
        assert (await socket.connect())[0]
        await socket.disconnect()

    run(scenario)
    assert live.has_open_screen(doctor_user.pk)
    assert not live.has_open_screen(receptionist.pk)
    cache.clear()
    assert not live.has_open_screen(doctor_user.pk)


def test_a_held_time_shows_on_the_screen_and_so_does_giving_it_back(
    screen, receptionist, harbour, dr_osei, consultation, monday
):
    opened = screen(receptionist, harbour)
    start = datetime.combine(monday, time(10), tzinfo=harbour.zone)
    wanted = {"appointment_type": consultation, "doctor": dr_osei, "clinic": harbour, "starts_at": start}

    async def scenario():
        socket = opened()
        assert (await socket.connect())[0]
        held = await database_sync_to_async(hold_slot)(**wanted, owner="desk", by=receptionist)
        assert await socket.receive_json_from(timeout=5) == {"clinic": harbour.pk, "day": monday.isoformat()}
        await database_sync_to_async(release_hold)(held.id, "desk")
        assert await socket.receive_json_from(timeout=5) == {"clinic": harbour.pk, "day": monday.isoformat()}
        await socket.disconnect()

    run(scenario)


def test_booking_the_held_time_is_told_once(
    screen, receptionist, harbour, patient, dr_osei, consultation, room_1, monday
):
    opened = screen(receptionist, harbour)
    start = datetime.combine(monday, time(10), tzinfo=harbour.zone)
    wish = {"appointment_type": consultation, "doctor": dr_osei, "clinic": harbour, "by": receptionist}
    hold_slot(**wish, starts_at=start, owner="desk")

    async def scenario():
        socket = opened()
        assert (await socket.connect())[0]
        await database_sync_to_async(book_appointment)(**wish, patient=patient, starts_at=start, hold="desk")
        assert (await socket.receive_json_from(timeout=5))["day"] == monday.isoformat()
        assert await socket.receive_nothing(timeout=0.5)
        await socket.disconnect()

    run(scenario)


def test_the_doctors_other_clinic_hears_that_its_own_day_changed_and_no_more(
    screen, receptionist_elsewhere, northgate, dr_osei, book, monday
):
    factories.DoctorClinicFactory(doctor=dr_osei, clinic=northgate)
    opened = screen(receptionist_elsewhere, northgate)

    async def scenario():
        socket = opened()
        assert (await socket.connect())[0]
        await database_sync_to_async(book)()
        assert await socket.receive_json_from(timeout=5) == {"clinic": northgate.pk, "day": monday.isoformat()}
        assert await socket.receive_nothing(timeout=0.5)
        await socket.disconnect()

    run(scenario)


def test_a_held_time_is_told_at_the_doctors_other_clinic_so_that_searches_there_miss_it_at_once(
    screen, receptionist, receptionist_elsewhere, northgate, harbour, dr_osei, consultation, monday
):
    factories.DoctorClinicFactory(doctor=dr_osei, clinic=northgate)
    search = screen(receptionist_elsewhere)
    start = datetime.combine(monday, time(10), tzinfo=harbour.zone)
    wanted = {"appointment_type": consultation, "doctor": dr_osei, "clinic": harbour, "starts_at": start}

    async def scenario():
        socket = search()
        assert (await socket.connect())[0]
        held = await database_sync_to_async(hold_slot)(**wanted, owner="desk", by=receptionist)
        assert await socket.receive_json_from(timeout=5) == {"clinic": northgate.pk, "day": monday.isoformat()}
        await database_sync_to_async(release_hold)(held.id, "desk")
        assert await socket.receive_json_from(timeout=5) == {"clinic": northgate.pk, "day": monday.isoformat()}
        assert await socket.receive_nothing(timeout=0.5)
        await socket.disconnect()

    run(scenario)


def test_a_hold_spent_on_another_day_is_taken_off_the_screens_that_showed_it(
    screen, receptionist, harbour, patient, dr_osei, consultation, room_1, monday
):
    opened = screen(receptionist, harbour)
    wish = {"appointment_type": consultation, "doctor": dr_osei, "clinic": harbour, "by": receptionist}
    ten, tomorrow = (datetime.combine(monday + timedelta(days=more), time(10), tzinfo=harbour.zone) for more in (0, 1))
    hold_slot(**wish, starts_at=ten, owner="desk")

    async def scenario():
        socket = opened()
        assert (await socket.connect())[0]
        await database_sync_to_async(book_appointment)(**wish, patient=patient, starts_at=tomorrow, hold="desk")
        told = [(await socket.receive_json_from(timeout=5))["day"] for _ in range(2)]
        assert set(told) == {monday.isoformat(), tomorrow.date().isoformat()}
        await socket.disconnect()

    run(scenario)


def test_a_search_hears_of_every_clinic_where_its_person_may_book_and_of_no_other(
    screen, receptionist, receptionist_elsewhere, support, harbour, book
):
    desk, elsewhere, onlooker = (screen(each) for each in (receptionist, receptionist_elsewhere, support))

    async def scenario():
        here, there, nowhere = desk(), elsewhere(), onlooker()
        for socket in (here, there, nowhere):
            assert (await socket.connect())[0]
        assert await closed_with(nowhere) == consumers.NOT_YOURS
        await database_sync_to_async(book)()
        assert (await here.receive_json_from(timeout=5))["clinic"] == harbour.pk
        assert await there.receive_nothing(timeout=0.5)
        await here.disconnect()
        await there.disconnect()

    run(scenario)


def test_a_receptionist_of_another_clinic_may_not_listen(screen, receptionist_elsewhere, harbour):
    opened = screen(receptionist_elsewhere, harbour)

    async def scenario():
        socket = opened()
        await socket.connect()
        assert await closed_with(socket) == consumers.NOT_YOURS

    run(scenario)


def test_whoever_is_not_signed_in_may_not_listen(harbour):
    async def scenario():
        headers = [(b"origin", b"http://testserver"), (b"host", b"testserver")]
        socket = WebsocketCommunicator(application, f"/ws/schedule/{harbour.pk}/", headers=headers)
        await socket.connect()
        assert await closed_with(socket) == consumers.SIGNED_OUT

    run(scenario)


def test_a_page_of_another_site_gets_no_connection(harbour):
    async def scenario():
        headers = [(b"origin", b"https://evil.example"), (b"host", b"testserver")]
        socket = WebsocketCommunicator(application, f"/ws/schedule/{harbour.pk}/", headers=headers)
        assert not (await socket.connect())[0]

    run(scenario)


def test_losing_the_role_drops_the_connection_before_the_next_message(screen, receptionist, harbour, book):
    # The visit is booked first: afterwards the receptionist could not.
    def lose_role_then_change(visit):
        revoke_membership(user=receptionist, clinic=harbour, role=Role.RECEPTIONIST, by=None)
        live.announce([live.Change(harbour.pk, visit.local_date)])

    opened = screen(receptionist, harbour)

    async def scenario():
        visit = await database_sync_to_async(book)()
        socket = opened()
        await socket.connect()
        await database_sync_to_async(lose_role_then_change)(visit)
        assert await closed_with(socket) == consumers.NOT_YOURS

    run(scenario)


def test_signing_out_drops_the_connection(screen, receptionist, harbour, client, settings):
    def sign_out_then_change():
        SessionStore(client.cookies[settings.SESSION_COOKIE_NAME].value).flush()
        live.announce([live.Change(harbour.pk, None)])

    opened = screen(receptionist, harbour)

    async def scenario():
        socket = opened()
        await socket.connect()
        await database_sync_to_async(sign_out_then_change)()
        assert await closed_with(socket) == consumers.SIGNED_OUT

    run(scenario)


NOWHERE = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": "redis://127.0.0.1:1/0", "socket_connect_timeout": 0.2}], "prefix": "nowhere"},
    }
}


@override_settings(CHANNEL_LAYERS=NOWHERE)
def test_without_redis_bookings_go_on_and_the_failure_is_counted(book, receptionist, patient_request):
    failed = live.FAILED._value.get()

    visit = book()
    cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)

    assert live.FAILED._value.get() == failed + 2
    assert live.todays_counters()["failed"] >= 2
