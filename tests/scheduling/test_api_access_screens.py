"""The pages about API access: own tokens, and the portals of one's clinics."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from carebridge.accounts.tokens import ApiToken
from scheduling.api_access import create_service_account, issue_token

OWN, ACCOUNTS = "/api-access/", "/api-access/accounts/"


@pytest.fixture
def page():
    def signed_in(user):
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return signed_in


@pytest.fixture
def portal(harbour, clinic_admin):
    return create_service_account(name="Patient portal", clinics=[harbour], by=clinic_admin)


def wanted(clinic, **more):
    return {"name": "Nightly report", "scopes": ["directory:read"], "clinics": [clinic.pk], "days": 30, **more}


def secret_in(answer):
    return re.search(r"data-secret>(cb_[^<]+)<", answer.content.decode())[1]


def test_a_token_is_shown_once_and_works(page, receptionist, harbour):
    client = page(receptionist)
    answer = client.post(OWN, wanted(harbour))
    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Token {secret_in(answer)}")

    assert "no-store" in answer["Cache-Control"]
    assert program.get("/api/v1/clinics/").status_code == 200
    assert program.get("/api/v1/patients/").status_code == 403
    again = client.get(OWN).content.decode()
    assert "Nightly report" in again
    assert secret_in(answer) not in again


def test_a_revoked_token_is_gone_from_the_list_and_opens_nothing(page, receptionist, harbour):
    client = page(receptionist)
    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Token {secret_in(client.post(OWN, wanted(harbour)))}")

    answer = client.post(reverse("scheduling:api-token-revoke", args=[ApiToken.objects.get().pk]), follow=True)

    assert "opens nothing any more" in answer.content.decode()
    assert program.get("/api/v1/clinics/").status_code == 401


def test_half_a_form_says_what_is_missing(page, receptionist):
    answer = page(receptionist).post(OWN, {"name": "", "days": 30})

    assert answer.status_code == 422
    assert answer.content.decode().count("This field is required.") == 3


def test_people_are_not_offered_to_act_for_patients(page, receptionist, harbour):
    client = page(receptionist)

    assert "patients:exchange" not in client.get(OWN).content.decode()
    assert client.post(OWN, wanted(harbour, scopes=["patients:exchange"])).status_code == 422


def test_an_administrator_makes_a_portal_and_gives_it_a_token(page, clinic_admin, harbour):
    client = page(clinic_admin)
    made = client.post(
        ACCOUNTS, {"name": "Patient portal", "role": "receptionist", "clinics": [harbour.pk]}, follow=True
    )
    answer = client.post(made.redirect_chain[-1][0], wanted(harbour, scopes=["patients:exchange"], days=365))

    assert "Receptionist at Harbour Street" in made.content.decode()
    assert ApiToken.objects.get().user.first_name == "Patient portal"
    assert secret_in(answer).startswith("cb_")
    assert "Patient portal" in client.get(ACCOUNTS).content.decode()


def test_a_portal_is_closed_with_its_tokens(page, portal, clinic_admin, harbour):
    issue_token(user=portal, name="P", scopes=["slots:read"], clinics=[harbour], days=7, by=clinic_admin)

    page(clinic_admin).post(reverse("scheduling:service-account-close", args=[portal.pk]))

    assert not ApiToken.objects.exists()


def test_nobody_else_finds_the_portals_or_their_tokens(
    page, portal, clinic_admin, receptionist, receptionist_elsewhere, manager, harbour
):
    token = issue_token(user=portal, name="P", scopes=["slots:read"], clinics=[harbour], days=7, by=clinic_admin).token

    for user in (receptionist, receptionist_elsewhere, manager):
        client = page(user)
        assert client.get(ACCOUNTS).status_code == 404
        assert client.post(ACCOUNTS, {"name": "X"}).status_code == 404
        assert client.get(f"{ACCOUNTS}{portal.pk}/").status_code == 404
        assert client.post(f"{ACCOUNTS}{portal.pk}/", wanted(harbour)).status_code == 404
        assert client.post(f"{ACCOUNTS}{portal.pk}/close/").status_code == 404
        assert client.post(f"{OWN}tokens/{token.pk}/revoke/").status_code == 404
    assert ApiToken.objects.filter(pk=token.pk).exists()


def test_the_way_there_is_in_the_menu_of_the_account(page, receptionist):
    assert 'href="/api-access/"' in page(receptionist).get("/find/").content.decode()


def test_strangers_are_sent_to_sign_in(client, db):
    assert client.get(OWN).status_code == 302
