"""Tokens: kept as hashes, ending by themselves, counted by token and by address."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from carebridge.accounts.models import User, UserKind
from carebridge.accounts.throttles import address_of
from carebridge.accounts.tokens import ApiToken, digest_of, forget_expired

CLINICS = "/api/v1/clinics/"


def carrying(secret, **extra):
    client = APIClient(**extra)
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    return client


@pytest.fixture
def token(receptionist):
    return ApiToken.objects.issue(user=receptionist)


@pytest.fixture
def limited(settings):
    """Few requests a minute, all within one minute of the clock."""
    settings.RATE_LIMITS = True
    settings.API_RATES = {"token": 3, "patient": 2, "address": 5, "stranger": 2}
    with time_machine.travel(timezone.now().replace(second=10), tick=False):
        yield settings


# --- What is kept ------------------------------------------------------------------------------------------------


def test_only_a_hash_of_a_token_is_kept(token):
    row, secret = token

    assert row.digest == digest_of(secret)
    assert secret[8:] not in str(ApiToken.objects.values().get())
    assert len(secret) > 40


def test_the_hash_opens_nothing(token):
    assert carrying(token[0].digest).get(CLINICS).status_code == 401


@pytest.mark.parametrize(
    "header", ["Token", "Token ", "Token a b", "Token \xff", "Token cb_\u00e9", "token x", "Bearer x"]
)
def test_no_header_is_more_than_refused(receptionist, header):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=header)

    answer = client.get(CLINICS)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"


def test_a_revoked_token_is_refused_by_the_next_request(token):
    client = carrying(token[1])
    assert client.get(CLINICS).status_code == 200

    ApiToken.objects.all().delete()

    assert client.get(CLINICS).status_code == 401


def test_the_last_use_is_noted_at_most_once_in_ten_minutes(receptionist):
    client = carrying(ApiToken.objects.issue(user=receptionist, name="Report", scopes=["directory:read"])[1])
    now = timezone.now()
    seen = []
    for minutes in (0, 9, 11):
        with time_machine.travel(now + timedelta(minutes=minutes), tick=False):
            client.get(CLINICS)
        seen.append(ApiToken.objects.get().last_used_at)

    assert seen == [now, now, now + timedelta(minutes=11)]


def test_what_has_ended_is_forgotten(token, receptionist):
    ApiToken.objects.issue(user=receptionist, lasts=timedelta(hours=30))

    with time_machine.travel(timezone.now() + timedelta(hours=13)):
        assert forget_expired() == 1
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize("limits", [{"scopes": []}, {"clinic_ids": []}, {"name": "Named", "scopes": None}])
def test_a_limit_is_never_an_empty_list(receptionist, limits):
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiToken.objects.issue(user=receptionist, **limits)


# --- Service accounts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more", [{"password": "pbkdf2$x"}, {"email": "portal@example.org"}, {"is_staff": True}, {"is_superuser": True}]
)
def test_the_database_keeps_service_accounts_away_from_screens(db, more):
    facts = {"username": "service.portal", "kind": UserKind.SERVICE, "password": "!"}
    User.objects.create(**facts)

    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(**{**facts, "username": "another", **more})


# --- How many a minute -------------------------------------------------------------------------------------------


def test_a_token_that_asks_too_often_is_told_to_wait(limited, token):
    client = carrying(token[1])
    answers = [client.get(CLINICS) for _ in range(4)]

    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert answers[-1]["Content-Type"] == "application/problem+json"
    assert answers[-1].json()["code"] == "throttled"
    assert answers[-1]["Retry-After"] == "50"


def test_the_next_minute_begins_anew(limited, token):
    client = carrying(token[1])
    for _ in range(4):
        client.get(CLINICS)

    with time_machine.travel(timezone.now() + timedelta(seconds=50), tick=False):
        assert client.get(CLINICS).status_code == 200


def test_each_token_has_its_own_limit_and_an_address_has_one_for_all(limited, receptionist):
    clients = [carrying(ApiToken.objects.issue(user=receptionist)[1]) for _ in range(3)]
    statuses = [client.get(CLINICS).status_code for client in clients for _ in range(2)]
    elsewhere = clients[0].get(CLINICS, REMOTE_ADDR="192.0.2.9").status_code

    assert statuses == [200, 200, 200, 200, 200, 429]
    assert elsewhere == 200


def test_an_address_that_guesses_tokens_is_slowed_down_and_the_right_token_still_works(limited, token):
    guesses = [carrying(f"cb_{n}").get(CLINICS) for n in range(3)]

    assert [each.status_code for each in guesses] == [401, 401, 429]
    assert guesses[-1]["Retry-After"] == "50"
    assert carrying(token[1]).get(CLINICS).status_code == 200


def test_strangers_share_a_small_limit_by_address(limited, receptionist):
    answers = [APIClient().post("/api/v1/auth/login/", {}).status_code for _ in range(3)]
    elsewhere = APIClient(REMOTE_ADDR="192.0.2.9").post("/api/v1/auth/login/", {}).status_code

    assert (answers, elsewhere) == ([422, 422, 429], 422)


def test_a_made_up_forwarded_address_does_not_help(limited, receptionist):
    answers = [
        APIClient().post("/api/v1/auth/login/", {}, headers={"X-Forwarded-For": f"192.0.2.{n}"}) for n in range(3)
    ]

    assert answers[-1].status_code == 429


def test_an_ipv6_network_counts_as_one_address(rf):
    one, two = (rf.get("/", REMOTE_ADDR=f"2001:db8:1:2::{n}") for n in (1, 2))

    assert address_of(one) == address_of(two) == "2001:db8:1:2::/64"
    assert address_of(rf.get("/", REMOTE_ADDR="192.0.2.1")) == "192.0.2.1"


def test_rate_limits_can_be_switched_off(limited, token):
    limited.RATE_LIMITS = False
    client = carrying(token[1])

    assert {client.get(CLINICS).status_code for _ in range(8)} == {200}


def test_without_redis_nothing_is_limited_and_everything_answers(limited, token, redis_gone):
    client = carrying(token[1])

    assert {client.get(CLINICS).status_code for _ in range(8)} == {200}


def test_the_counter_ends_by_itself(db):
    assert [cache.count("visits", 30) for _ in range(3)] == [1, 2, 3]
    assert 0 < cache._cache.get_client("visits").ttl(cache.make_key("visits")) <= 30
