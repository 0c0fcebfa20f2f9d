"""How long a session lasts, what keeps it alive, and that ending it ends it everywhere at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.utils import timezone
from rest_framework.test import APIClient

from carebridge.accounts import sessions
from carebridge.asgi import application
from carebridge.audit.models import LogEntry
from tests.factories.people import PASSWORD

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def opens(client, path="/board/", **headers):
    return client.get(path, headers=headers).status_code == 200


def test_a_session_ends_after_a_quarter_of_an_hour_without_anybody(receptionist, sign_in):
    client, _ = sign_in("reception")
    start = timezone.now()
    with time_machine.travel(start + 14 * MINUTE):
        assert opens(client)
    with time_machine.travel(start + 28 * MINUTE):
        assert opens(client)
    with time_machine.travel(start + 44 * MINUTE):
        answer = client.get("/board/", follow=True)

    assert "nothing happened here for 15 minutes" in answer.content.decode()
    assert not opens(client)


def test_a_session_ends_after_twelve_hours_however_busy(receptionist, sign_in):
    client, _ = sign_in("reception")
    start = timezone.now()
    for quarter in range(1, 60):
        with time_machine.travel(start + quarter * 12 * MINUTE):
            assert client.post("/accounts/session/").status_code == 200
    with time_machine.travel(start + timedelta(hours=12, seconds=1)):
        assert not opens(client)


@pytest.mark.parametrize(
    "headers",
    [{"HX-Request": "true", "X-Background": "1"}, {"Sec-Fetch-Mode": "cors"}],
    ids=["htmx that no hand caused", "a script that looks for news"],
)
def test_looking_for_news_keeps_nobody_signed_in(receptionist, sign_in, headers):
    client, _ = sign_in("reception")
    start = timezone.now()
    for minute in range(2, 16, 2):
        with time_machine.travel(start + minute * MINUTE):
            client.get("/board/", headers=headers)

    with time_machine.travel(start + 16 * MINUTE):
        assert not opens(client)


def test_a_part_of_a_page_is_answered_401_so_that_the_page_can_keep_what_is_typed(receptionist, sign_in):
    client, _ = sign_in("reception")
    with time_machine.travel(timezone.now() + 16 * MINUTE):
        assert client.get("/board/", headers={"HX-Request": "true"}).status_code == 401
        assert client.get("/accounts/session/").status_code == 401


def test_the_account_page_lists_sessions_and_ends_one_of_them(receptionist, sign_in):
    desk, _ = sign_in("reception", headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"})
    home, _ = sign_in("reception", headers={"User-Agent": "Mozilla/5.0 (iPhone) Safari/605"})
    page = desk.get("/accounts/").content.decode()
    assert "Firefox on Windows" in page
    assert "Safari on iPhone" in page

    other = UserSession.objects.exclude(session_key=desk.session.session_key).get()
    desk.post(f"/accounts/sessions/{other.pk}/end/")

    assert opens(desk)
    assert not opens(home)


def test_nobody_ends_a_colleagues_session(receptionist, receptionist_elsewhere, sign_in):
    mine, _ = sign_in("reception")
    other, _ = sign_in("reception.north")
    theirs = UserSession.objects.get(user=receptionist_elsewhere)

    mine.post(f"/accounts/sessions/{theirs.pk}/end/")

    assert opens(other)


def test_signing_out_everywhere_ends_sessions_and_tokens(receptionist, sign_in):
    here, _ = sign_in("reception")
    there, _ = sign_in("reception")
    login = {"username": "reception", "password": PASSWORD}
    token = APIClient().post("/api/v1/auth/login/", login).json()["token"]
    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert opens(program, "/api/v1/clinics/")

    here.post("/accounts/sessions/end-all/")

    assert [opens(here), opens(there), opens(program, "/api/v1/clinics/")] == [False, False, False]


def test_a_new_password_signs_out_everywhere_else(receptionist, sign_in):
    here, _ = sign_in("reception")
    there, _ = sign_in("reception")
    new = "seven quiet violet kettles"
    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})

    assert [opens(here), opens(there)] == [True, False]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["revoked", "password"])
def test_a_revoked_session_loses_its_socket_within_five_seconds(receptionist, harbour, sign_in, settings, how):
    client, _ = sign_in("reception")
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    headers = [(b"cookie", cookie.encode()), (b"origin", b"http://testserver"), (b"host", b"testserver")]

    def revoke():
        if how == "revoked":
            sessions.sign_out_everywhere(user=receptionist, by=receptionist)
        else:
            receptionist.set_password("another long password")
            receptionist.save()

    async def scenario():
        socket = WebsocketCommunicator(application, f"/ws/schedule/{harbour.pk}/", headers=headers)
        await socket.connect()
        await database_sync_to_async(revoke)()
        message = await socket.receive_output(timeout=5)
        assert (message["type"], message["code"]) == ("websocket.close", 4401)

    async_to_sync(scenario)()


def test_every_step_is_in_the_trail_and_no_typed_word_is(receptionist, sign_in):
    sign_in("reception", "a-mistyped-password")
    sign_in("a-password-in-the-wrong-field", "x")
    client, _ = sign_in("reception")
    client.post("/accounts/logout/")

    rows = list(LogEntry.objects.exclude(event="").order_by("id"))
    events = [row.event for row in rows if row.event.startswith("sign_")]
    assert events == ["sign_in.failed", "sign_in.failed", "sign_in.succeeded", "sign_out"]
    told = repr([(row.changes, row.object_repr, row.additional_data) for row in rows])
    assert "mistyped" not in told
    assert "wrong-field" not in told


def test_pages_say_when_their_session_ends(receptionist, sign_in):
    client, _ = sign_in("reception")
    page = client.get("/board/").content.decode()

    assert 'id="session-ending"' in page
    assert sessions.input_key(receptionist.pk) in page
