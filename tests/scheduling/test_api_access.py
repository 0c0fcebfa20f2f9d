"""Service accounts and named tokens: who makes them, for what, and who ends them."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from carebridge.accounts.models import Role, User
from carebridge.accounts.tokens import ApiToken, Scope
from carebridge.audit.models import LogEntry
from carebridge.errors import InvalidInput, NotAllowed
from scheduling.api_access import (
    close_service_account,
    create_service_account,
    issue_token,
    revocable_tokens,
    revoke_token,
    service_accounts_of,
)
from scheduling.models import ClinicMembership
from scheduling.permissions import may
from scheduling.roles import PEOPLE_ONLY, Permission


@pytest.fixture
def portal(harbour, clinic_admin):
    return create_service_account(name="Patient portal", clinics=[harbour], by=clinic_admin)


@pytest.fixture
def issue(harbour):
    def issued(user, by, **more):
        facts = {"name": "Production", "scopes": ["slots:read"], "clinics": [harbour], "days": 30, **more}
        return issue_token(user=user, by=by, **facts)

    return issued


# --- Accounts ----------------------------------------------------------------------------------------------------


def test_an_administrator_makes_a_service_account_for_their_clinic(portal, harbour, clinic_admin):
    assert (portal.username, portal.is_service, portal.is_active) == ("service.patient-portal", True, True)
    assert list(ClinicMembership.objects.filter(user=portal).values_list("clinic", "role")) == [
        (harbour.pk, Role.RECEPTIONIST)
    ]
    row = LogEntry.objects.get(event="service_account.created")
    assert (row.actor, row.clinic_id) == (clinic_admin, harbour.pk)


def test_two_accounts_of_one_name_get_user_names_of_their_own(portal, harbour, clinic_admin):
    other = create_service_account(name="Patient portal", clinics=[harbour], by=clinic_admin)

    assert other.username == "service.patient-portal.2"


def test_access_must_be_handed_out_at_every_clinic_or_none(clinic_admin, receptionist, harbour, northgate):
    for by, clinics in ((clinic_admin, [harbour, northgate]), (receptionist, [harbour])):
        with pytest.raises(NotAllowed):
            create_service_account(name="Portal", clinics=clinics, by=by)

    assert not User.objects.filter(username__startswith="service.").exists()


@pytest.mark.parametrize("role", [Role.CLINIC_ADMINISTRATOR, Role.SYSTEM_ADMINISTRATOR, Role.DOCTOR])
def test_no_service_account_administers_or_treats(harbour, sysadmin, role):
    with pytest.raises(InvalidInput):
        create_service_account(name="Portal", clinics=[harbour], by=sysadmin, role=role)


def test_what_needs_a_persons_judgement_is_closed_to_service_accounts(portal, harbour):
    assert may(portal, Permission.BOOK, harbour.pk)
    assert not any(may(portal, each, harbour.pk) for each in PEOPLE_ONLY)


@pytest.mark.parametrize("password", ["!", "carebridge-demo"])
def test_a_service_account_signs_in_nowhere(portal, client, password):
    answer = APIClient().post("/api/v1/auth/login/", {"username": portal.username, "password": password})
    client.post("/accounts/login/", {"login": portal.username, "password": password})

    assert answer.status_code == 401
    assert "_auth_user_id" not in client.session


def test_a_closed_account_opens_nothing_and_is_gone_from_the_list(portal, clinic_admin, issue):
    secret = issue(portal, clinic_admin).secret
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")

    close_service_account(account=portal, by=clinic_admin)

    assert client.get("/api/v1/slots/").status_code == 401
    assert not service_accounts_of(clinic_admin).exists()
    assert not ApiToken.objects.exists()
    assert LogEntry.objects.filter(event="service_account.closed").exists()


def test_a_persons_account_is_not_closed_this_way(receptionist, clinic_admin):
    with pytest.raises(InvalidInput):
        close_service_account(account=receptionist, by=clinic_admin)


# --- Tokens ------------------------------------------------------------------------------------------------------


def test_people_make_their_own_tokens_and_the_trail_keeps_no_secret(receptionist, issue, harbour):
    issued = issue(receptionist, receptionist)

    row = LogEntry.objects.get(event="token.issued")
    assert (row.actor, row.clinic_id) == (receptionist, harbour.pk)
    assert issued.secret not in str(LogEntry.objects.values())
    assert issued.token.digest not in str(list(LogEntry.objects.values()))


def test_nobody_makes_a_token_of_somebody_else(receptionist, clinic_admin, sysadmin, issue):
    for by in (clinic_admin, sysadmin):
        with pytest.raises(NotAllowed):
            issue(receptionist, by)


def test_only_who_hands_out_access_there_makes_tokens_of_a_service_account(
    portal, receptionist, receptionist_elsewhere, portal_everywhere, clinic_admin, issue, northgate, harbour
):
    for by in (receptionist, receptionist_elsewhere, portal):
        with pytest.raises(NotAllowed):
            issue(portal, by)
    with pytest.raises(NotAllowed):
        issue(portal_everywhere, clinic_admin, clinics=[harbour, northgate])
    assert issue(portal_everywhere, clinic_admin).token.clinic_ids == [harbour.pk]


@pytest.fixture
def portal_everywhere(harbour, northgate, sysadmin):
    return create_service_account(name="Group app", clinics=[harbour, northgate], by=sysadmin)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("scopes", []),
        ("scopes", ["everything"]),
        ("scopes", [Scope.PATIENTS_EXCHANGE]),
        ("clinics", []),
        ("days", 0),
        ("days", 91),
    ],
)
def test_a_token_that_asks_for_too_much_is_refused(receptionist, issue, field, value):
    with pytest.raises(InvalidInput) as refused:
        issue(receptionist, receptionist, **{field: value})

    assert list(refused.value.fields) == [field]
    assert not ApiToken.objects.exists()


def test_a_token_reaches_only_clinics_where_its_user_works(receptionist, issue, northgate):
    with pytest.raises(InvalidInput):
        issue(receptionist, receptionist, clinics=[northgate])


def test_who_sees_and_ends_which_tokens(portal, receptionist, clinic_admin, manager, receptionist_elsewhere, issue):
    own, service = issue(receptionist, receptionist).token, issue(portal, clinic_admin).token

    assert set(revocable_tokens(receptionist)) == {own}
    assert set(revocable_tokens(clinic_admin)) == {service}
    assert not revocable_tokens(receptionist_elsewhere).exists()
    for by in (receptionist, manager, receptionist_elsewhere):
        with pytest.raises(NotAllowed):
            revoke_token(token=service, by=by)
    revoke_token(token=service, by=clinic_admin)
    revoke_token(token=own, by=receptionist)
    assert not ApiToken.objects.exists()
    assert LogEntry.objects.filter(event="token.revoked").count() == 2
