"""The second factor: who needs it, that it can't be walked around, and that no code works twice."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from asgiref.sync import async_to_sync
from channels.testing import WebsocketCommunicator
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from carebridge.accounts import factors
from carebridge.accounts.models import User
from carebridge.asgi import application
from tests.factories.people import PASSWORD

pytestmark = pytest.mark.django_db
CODE, API = "/accounts/2fa/authenticate/", "/api/v1/auth/login/"


def opens(client, path="/board/"):
    return client.get(path).status_code == 200


def test_without_a_factor_only_its_set_up_opens(colleague, sign_in):
    client, answer = sign_in("reception")
    assert answer.status_code == 302

    for path in ("/", "/board/", "/find/", "/accounts/", "/admin/", "/nowhere/", "/accounts/password/change/"):
        assert client.get(path)["Location"] == "/accounts/2fa/", path
    assert client.get("/board/", headers={"HX-Request": "true"}).status_code == 401
    for path in ("/accounts/2fa/", "/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/", "/accounts/logout/"):
        assert opens(client, path), path


def test_without_a_factor_the_api_answers_neither_to_the_session_nor_to_the_password(colleague, sign_in):
    client, _ = sign_in("reception")

    refused = client.get("/api/v1/clinics/")
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_missing")
    refused = APIClient().post(API, {"username": "reception", "password": PASSWORD})
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_missing")


@pytest.mark.django_db(transaction=True)
def test_without_a_factor_no_socket_opens(colleague, sign_in, settings, harbour):
    client, _ = sign_in("reception")
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    headers = [(b"cookie", cookie.encode()), (b"origin", b"http://testserver"), (b"host", b"testserver")]

    async def scenario():
        socket = WebsocketCommunicator(application, f"/ws/schedule/{harbour.pk}/", headers=headers)
        await socket.connect()
        assert (await socket.receive_output(timeout=5))["code"] == 4401

    async_to_sync(scenario)()


@pytest.mark.django_db(transaction=True)
def test_setting_up_an_app_opens_the_site_and_hands_out_recovery_codes(colleague, sign_in):
    client, _ = sign_in("reception")
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.search(r'class="secret">(\w+)<', page)[1]
    code = factors.format_hotp_value(factors.hotp_value(secret, int(timezone.now().timestamp()) // 30))

    answer = client.post("/accounts/2fa/totp/activate/", {"code": code})

    assert answer["Location"] == "/accounts/2fa/recovery-codes/"
    assert client.get(answer["Location"]).content.decode().count("<code>") == 10
    assert opens(client)
    kept = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in kept  # encrypted at rest


@pytest.mark.django_db(transaction=True)
def test_the_code_that_set_up_the_app_is_used_up(colleague, sign_in):
    client, _ = sign_in("reception")
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.search(r'class="secret">(\w+)<', page)[1]
    code = factors.format_hotp_value(factors.hotp_value(secret, int(timezone.now().timestamp()) // 30))
    client.post("/accounts/2fa/totp/activate/", {"code": code})

    thief, _ = sign_in("reception")
    assert "Incorrect code" in thief.post(CODE, {"code": code}).content.decode()


def test_password_and_code_open_the_site_and_the_password_alone_does_not(colleague, phone, sign_in):
    client, answer = sign_in("reception")
    assert answer["Location"] == CODE
    assert not opens(client)

    client.post(CODE, {"code": phone.code()})

    assert opens(client)


def test_no_code_works_twice_not_even_when_redis_forgot(colleague, phone, sign_in, empty_redis):
    code = phone.code()
    first, _ = sign_in("reception")
    first.post(CODE, {"code": code})
    second, _ = sign_in("reception")

    from django.core.cache import cache

    cache.clear()
    again = second.post(CODE, {"code": code})

    assert opens(first)
    assert not opens(second)
    assert "Incorrect code" in again.content.decode()


def test_an_earlier_code_is_refused_once_a_later_one_was_used(colleague, phone):
    assert factors.accept_code(colleague, phone.code(ahead=1))
    assert factors.accept_code(colleague, phone.code()) is None


def test_a_recovery_code_works_once(colleague, recovery_codes, sign_in):
    for expected in (True, False):
        client, _ = sign_in("reception")
        client.post(CODE, {"code": recovery_codes[0]})
        assert opens(client) == expected


def test_wrong_codes_lock_the_account_like_wrong_passwords(colleague, phone, sign_in):
    client, _ = sign_in("reception")
    answers = [client.post(CODE, {"code": "000000"}).status_code for _ in range(11)]
    assert answers[8:] == [200, 429, 429]

    client.post(CODE, {"code": phone.code()})
    assert not opens(client)
    assert sign_in("reception")[1].status_code == 429


def test_a_session_from_before_the_factor_has_to_show_it(colleague, sign_in):
    early, _ = sign_in("reception")
    from tests.accounts.conftest import Phone

    Phone(colleague)

    assert early.get("/board/")["Location"].startswith("/accounts/login/")
    assert not opens(early, "/accounts/2fa/")


def test_the_admin_has_no_door_of_its_own(clinic_admin, sign_in):
    from tests.accounts.conftest import Phone

    User.objects.filter(pk=clinic_admin.pk).update(is_demo=False)
    Phone(clinic_admin)
    client = Client()

    assert client.get("/admin/login/")["Location"].startswith("/accounts/login/")
    client.post("/admin/login/", {"username": "clinicadmin", "password": PASSWORD})
    assert client.get("/admin/").status_code == 302


def test_the_api_asks_for_the_code_and_takes_each_once(colleague, phone, recovery_codes):
    def sign_in(**more):
        answer = APIClient().post(API, {"username": "reception", "password": PASSWORD, **more})
        return answer.status_code, answer.json().get("code")

    code = phone.code()
    assert sign_in() == (401, "code_needed")
    assert sign_in(otp="000000") == (401, "wrong_credentials")
    assert sign_in(otp=code) == (200, None)
    assert sign_in(otp=code) == (401, "wrong_credentials")
    assert sign_in(otp=recovery_codes[1]) == (200, None)


def test_a_missing_code_is_only_named_to_who_knows_the_password(colleague, phone):
    answer = APIClient().post(API, {"username": "reception", "password": "wrong"})
    assert answer.json()["code"] == "wrong_credentials"


def test_the_last_factor_stays(colleague, phone, sign_in):
    client, _ = sign_in("reception")
    client.post(CODE, {"code": phone.code()})

    assert "last second factor" in client.get("/accounts/2fa/totp/deactivate/").content.decode()
    client.post("/accounts/2fa/totp/deactivate/")
    assert factors.has_factor(colleague)


def test_changing_factors_asks_again_after_a_while(colleague, phone, sign_in):
    client, _ = sign_in("reception")
    client.post(CODE, {"code": phone.code()})
    assert opens(client, "/accounts/2fa/webauthn/add/")

    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert "reauthenticate" in client.get("/accounts/2fa/webauthn/add/")["Location"]


def test_invented_people_need_one_where_the_demo_is_off(receptionist, sign_in, settings):
    settings.DEMO_SKIPS_SECOND_FACTOR = False
    client, _ = sign_in("reception")

    assert client.get("/board/")["Location"] == "/accounts/2fa/"
