"""Signing in and out over REST."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from carebridge.accounts import api as accounts_api
from carebridge.accounts.tokens import ApiToken
from tests.factories.people import PASSWORD

LOGIN, LOGOUT = "/api/v1/auth/login/", "/api/v1/auth/logout/"


def sign_in(username, password=PASSWORD, **more):
    return APIClient().post(LOGIN, {"username": username, "password": password, **more})


def signed_in(username):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {sign_in(username).json()['token']}")
    return client


def test_a_password_is_answered_with_a_token_that_expires(receptionist):
    answer = sign_in("reception")

    assert answer.status_code == 200, answer.content
    assert set(answer.json()) == {"token", "expiry"}
    assert answer.json()["token"].startswith("cb_")
    receptionist.refresh_from_db()
    assert receptionist.last_login is not None


def test_the_token_opens_the_api_until_it_expires(receptionist):
    client = signed_in("reception")

    assert client.get("/api/v1/clinics/").status_code == 200
    with time_machine.travel(timezone.now() + timedelta(hours=12, minutes=1)):
        assert client.get("/api/v1/clinics/").status_code == 401


def test_the_database_keeps_no_token_that_could_be_used(receptionist):
    token = sign_in("reception").json()["token"]

    kept = " ".join(str(value) for value in ApiToken.objects.values().get().values())
    assert token not in kept
    assert token[8:] not in kept


def test_signing_out_ends_this_token_only(receptionist):
    one, other = signed_in("reception"), signed_in("reception")

    assert one.post(LOGOUT).status_code == 204
    assert one.get("/api/v1/clinics/").status_code == 401
    assert other.get("/api/v1/clinics/").status_code == 200


@pytest.mark.parametrize(("username", "password"), [("reception", "wrong"), ("nobody", PASSWORD)])
def test_the_answer_does_not_say_which_half_was_wrong(receptionist, username, password):
    answer = sign_in(username, password)

    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_credentials")
    assert answer["Content-Type"] == "application/problem+json"


def test_a_closed_account_opens_nothing(receptionist):
    client = signed_in("reception")
    receptionist.is_active = False
    receptionist.save()

    assert sign_in("reception").status_code == 401
    assert client.get("/api/v1/clinics/").status_code == 401


def test_ten_wrong_passwords_lock_the_name_out_even_for_the_right_one(receptionist, settings):
    settings.AXES_FAILURE_LIMIT = 3
    answers = [sign_in("reception", "wrong") for _ in range(3)]
    right = sign_in("reception")

    assert answers[0].status_code == 401
    assert (right.status_code, right.json()["code"]) == (429, "locked_out")
    assert right["Content-Type"] == "application/problem+json"
    assert not ApiToken.objects.exists()


def test_signing_in_forgets_the_failures_before_it(receptionist, settings):
    settings.AXES_FAILURE_LIMIT = 3
    for _ in range(2):
        sign_in("reception", "wrong")
    assert sign_in("reception").status_code == 200
    for _ in range(2):
        sign_in("reception", "wrong")

    assert sign_in("reception").status_code == 200


def test_the_oldest_token_ends_when_there_are_too_many(receptionist, monkeypatch):
    monkeypatch.setattr(accounts_api, "TOKENS_PER_USER", 3)
    clients = [signed_in("reception") for _ in range(4)]

    assert [client.get("/api/v1/clinics/").status_code for client in clients] == [401, 200, 200, 200]


@pytest.mark.parametrize("body", [{}, {"username": "reception"}, {"username": "reception", "password": ""}, []])
def test_half_a_sign_in_is_refused(receptionist, body):
    answer = APIClient().post(LOGIN, body, format="json")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
