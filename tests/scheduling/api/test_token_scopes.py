"""What a token may be used for: every address under /api/v1/ by scope, clinics as a further limit."""

from __future__ import annotations

import pytest
from django.urls import get_resolver
from rest_framework.permissions import SAFE_METHODS
from rest_framework.test import APIClient

from carebridge.accounts.models import Role
from carebridge.accounts.tokens import ApiToken, Scope
from scheduling.memberships import grant_membership

ANYWHERE = "00000000-0000-4000-8000-000000000000"
BY_PREFIX = {
    "clinics": (Scope.DIRECTORY_READ, None),
    "doctors": (Scope.DIRECTORY_READ, None),
    "rooms": (Scope.DIRECTORY_READ, None),
    "services": (Scope.DIRECTORY_READ, None),
    "appointment-types": (Scope.DIRECTORY_READ, None),
    "cancellation-reasons": (Scope.DIRECTORY_READ, None),
    "slots": (Scope.SLOTS_READ, None),
    "holds": (None, Scope.APPOINTMENTS_WRITE),
    "appointments": (Scope.APPOINTMENTS_READ, Scope.APPOINTMENTS_WRITE),
    "reminders": (Scope.REMINDERS_READ, None),
    "waitlist": (Scope.WAITLIST_READ, Scope.WAITLIST_WRITE),
    "patients": (Scope.PATIENTS_READ, Scope.PATIENTS_WRITE),
    "auth/patient-token": (None, Scope.PATIENTS_EXCHANGE),
}
"""The scope that reading and changing needs, by the beginning of the address."""
WITHOUT_SCOPE = ("auth/login", "auth/logout", "me/")


def routes():
    """Every (method, address) of the REST API for staff and service accounts, as the resolver knows them."""
    found = []
    for pattern, path in _patterns(get_resolver().url_patterns, ""):
        callback = pattern.callback
        if not path.startswith("api/v1/") or not hasattr(callback, "cls"):
            continue
        address = _filled(path.removeprefix("api/v1/"))
        actions = getattr(callback, "actions", None) or {"post": "post"}
        found += [(method.upper(), address) for method in actions if method != "head"]
    return sorted(set(found))


def _patterns(patterns, prefix):
    for each in patterns:
        path = prefix + str(each.pattern).replace("^", "").replace(r"\Z", "").replace("$", "")
        if hasattr(each, "url_patterns"):
            yield from _patterns(each.url_patterns, path)
        else:
            yield each, path


def _filled(path):
    import re

    path = re.sub(r"\(\?P<reference>[^)]*\)", "CB-2222-2222", path)
    return re.sub(r"\(\?P<pk>[^)]*\)", ANYWHERE if path.startswith("patients") else "1", path)


SCOPED = [(method, path) for method, path in routes() if not path.startswith(WITHOUT_SCOPE)]


def needed(method, path):
    prefix = next(each for each in BY_PREFIX if path.startswith(each + "/"))
    reading, changing = BY_PREFIX[prefix]
    return reading if method in SAFE_METHODS else changing


def client_with(user, **limits):
    _, secret = ApiToken.objects.issue(user=user, name="Test", **limits)
    client = APIClient(raise_request_exception=True)
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    return client


@pytest.fixture
def portal(harbour, northgate):
    from carebridge.accounts.models import User, UserKind

    account = User.objects.create(username="service.portal", first_name="Portal", kind=UserKind.SERVICE, password="!")
    for clinic in (harbour, northgate):
        grant_membership(user=account, clinic=clinic, role=Role.RECEPTIONIST, by=None)
    return account


def test_the_table_names_every_route():
    assert len(SCOPED) > 30
    assert all(needed(method, path) for method, path in SCOPED)


@pytest.mark.parametrize(("method", "path"), SCOPED, ids=lambda each: each)
def test_a_route_is_open_to_its_own_scope_and_to_no_other(portal, harbour, method, path):
    own = needed(method, path)
    wrong = client_with(portal, scopes=[each for each in Scope.values if each != own], clinic_ids=[harbour.pk])
    right = client_with(portal, scopes=[own], clinic_ids=[harbour.pk])

    refused = wrong.generic(method, f"/api/v1/{path}", "{}", content_type="application/json")
    answered = right.generic(method, f"/api/v1/{path}", "{}", content_type="application/json")

    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    assert refused.json()["scope"] == own
    assert answered.status_code in (200, 201, 204, 404, 409, 422), answered.content


def test_a_view_that_names_no_scope_is_closed_to_limited_tokens(portal, harbour, monkeypatch):
    monkeypatch.setattr("scheduling.api.views.directories.Directory.read_scope", None)

    assert (
        client_with(portal, scopes=["directory:read"], clinic_ids=[harbour.pk]).get("/api/v1/clinics/").status_code
        == 403
    )


def test_a_sign_in_may_do_all_that_its_user_may_but_not_act_for_patients(api, receptionist, patient):
    client = api(receptionist)

    assert client.get("/api/v1/clinics/").status_code == 200
    body = {"patient": str(patient.pk), "birth_date": str(patient.birth_date)}
    assert client.post("/api/v1/auth/patient-token/", body).status_code == 403


def test_a_token_for_one_clinic_shows_nothing_of_the_other(
    portal, harbour, northgate, patient, patient_elsewhere, booked
):
    everything = [each for each in Scope.values if each != Scope.PATIENTS_EXCHANGE]
    here = client_with(portal, scopes=everything, clinic_ids=[harbour.pk])
    there = client_with(portal, scopes=everything, clinic_ids=[northgate.pk])

    assert [row["id"] for row in here.get("/api/v1/clinics/").json()["results"]] == [harbour.pk]
    assert [row["id"] for row in there.get("/api/v1/clinics/").json()["results"]] == [northgate.pk]
    assert here.get(f"/api/v1/appointments/{booked.reference}/").status_code == 200
    assert there.get(f"/api/v1/appointments/{booked.reference}/").status_code == 404
    assert there.get(f"/api/v1/patients/{patient.pk}/").status_code == 404
    assert there.get(f"/api/v1/patients/{patient_elsewhere.pk}/").status_code == 200
    assert there.get(f"/api/v1/appointments/?clinic={harbour.pk}").status_code == 404


def test_a_doctors_token_for_another_clinic_does_not_show_the_doctors_own_list(doctor_user, northgate, booked):
    grant_membership(user=doctor_user, clinic=northgate, role=Role.DOCTOR, by=None)
    everywhere = client_with(doctor_user, scopes=["appointments:read"])
    there = client_with(doctor_user, scopes=["appointments:read"], clinic_ids=[northgate.pk])

    assert everywhere.get(f"/api/v1/appointments/{booked.reference}/").status_code == 200
    assert there.get(f"/api/v1/appointments/{booked.reference}/").status_code == 404
    assert there.get("/api/v1/appointments/").json()["results"] == []


def test_a_token_never_opens_more_than_its_users_roles(receptionist, northgate):
    client = client_with(receptionist, scopes=list(Scope.values), clinic_ids=[northgate.pk])

    assert client.get("/api/v1/clinics/").json()["results"] == []


def test_a_service_account_sets_no_rule_aside(portal, harbour, wanted, at):
    client = client_with(portal, scopes=["appointments:write"], clinic_ids=[harbour.pk])
    late = {**wanted, "starts_at": at(19).isoformat(), "override": {"reason": "The portal says so"}}

    answer = client.post("/api/v1/appointments/", late)

    assert (answer.status_code, answer.json()["code"]) == (403, "override_not_allowed")
    assert client.post("/api/v1/appointments/", wanted).status_code == 201
