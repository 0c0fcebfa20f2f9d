"""What every answer tells a browser, what is refused unread, and how errors look from outside."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views import defaults

from scheduling.views import patient_rights
from tests.test_production import run

INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>|<style\b|\son[a-z]+\s*=\s*[\"']|javascript:", re.IGNORECASE)
STYLED = re.compile(r'style="([^"]*)"')
POSITIONS = re.compile(r"(?:\s*--[\w-]+:\s*[^;]*;?)+")

PAGES = ["/", "/board/?view=list", "/find/", "/search/", "/patients/new/", "/patients/duplicates/", "/exports/"]
RECORDS = ["/patients/{0}/", "/patients/{0}/copy/", "/patients/{0}/duplicates/", "/api/v1/patients/{0}/"]


@pytest.fixture
def staff(client: Client, clinic_admin, dr_osei, room_1) -> Client:
    client.force_login(clinic_admin)
    return client


# --- Every answer --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PAGES, *RECORDS, "/nothing/here/", "/api/v1/appointments/", "/accounts/login/"])
def test_no_answer_is_kept_framed_or_shared_with_another_site(staff, patient, path):
    headers = staff.get(path.format(patient.pk)).headers

    assert headers["Cache-Control"] == "private, no-store"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"].replace("style-src-attr 'unsafe-inline'", "")


def test_a_part_asked_for_by_its_tag_is_still_not_kept(staff):
    first = staff.get("/board/")
    again = staff.get("/board/", headers={"if-none-match": first.headers.get("ETag", '"none"')})

    assert again.headers["Cache-Control"] == "private, no-store"


def test_scripts_and_styles_come_from_our_own_files_only(staff):
    policy = dict(
        part.strip().partition(" ")[::2] for part in staff.get("/").headers["Content-Security-Policy"].split(";")
    )

    assert policy["default-src"] == policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["object-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == policy["form-action"] == "'self'"


@pytest.mark.parametrize("path", [*PAGES, *RECORDS[:3], "/accounts/login/", "/nothing/here/"])
def test_no_page_needs_inline_script_and_inline_styles_are_positions(staff, patient, path):
    text = staff.get(path.format(patient.pk), follow=True).text

    assert INLINE.findall(text) == []
    assert [each for each in STYLED.findall(text) if not POSITIONS.fullmatch(each)] == []


# --- In production -------------------------------------------------------------------------------------------------

PROBE = """
import django; django.setup()
from django.conf import settings as s
from django.test import Client
answer = Client().get("/healthz", secure=True, headers={"host": "booking.example.org"})
print(answer.headers["Strict-Transport-Security"])
print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE and s.CSRF_COOKIE_SECURE)
print(s.SESSION_COOKIE_HTTPONLY, s.CSRF_COOKIE_HTTPONLY, s.SESSION_COOKIE_SAMESITE, s.CSRF_COOKIE_SAMESITE)
print(s.SESSION_COOKIE_DOMAIN, s.SESSION_COOKIE_PATH, s.CSRF_COOKIE_DOMAIN, s.CSRF_COOKIE_PATH)
"""


def test_production_insists_on_https_and_on_cookies_of_this_host_only():
    said = run("-c", PROBE).stdout.splitlines()

    assert said[0] == "max-age=31536000; includeSubDomains; preload"
    assert said[1] == "__Host-sessionid __Host-csrftoken True"
    assert said[2] == "True True Lax Lax"
    assert said[3] == "None / None /"


# --- What is refused -----------------------------------------------------------------------------------------------


def test_a_form_without_its_token_changes_nothing(clinic_admin, patient):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(clinic_admin)
    answer = strict.post(reverse("scheduling:patient-copy", args=[patient.pk]), {"reason": "x" * 20, "form": "json"})

    assert answer.status_code == 403
    assert "CB-403-FORM" in answer.text


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain"])
def test_a_body_larger_than_anything_we_ask_for_is_refused_unread(staff, kind):
    body = b"x" * (settings.MAX_BODY_BYTES + 1)

    page = staff.post("/search/", body, content_type=kind)
    answer = staff.post("/api/v1/patients/", body, content_type=kind)

    assert page.status_code == answer.status_code == 413
    assert "CB-413" in page.text
    assert answer.json()["code"] == "too_large"
    assert page.headers["Content-Security-Policy"]


def test_a_form_of_thousands_of_fields_is_refused(staff):
    fields = {f"f{number}": "1" for number in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)}

    assert staff.post("/search/", fields).status_code == 400


# --- Errors from outside -------------------------------------------------------------------------------------------


def test_a_fault_says_nothing_of_what_is_inside(staff, patient, monkeypatch):
    def fault(**arguments: object) -> None:
        raise RuntimeError("inner workings of Calloway")

    monkeypatch.setattr(patient_rights, "release_patient_data", fault)
    staff.raise_request_exception = False
    answer = staff.post(f"/patients/{patient.pk}/copy/", {"reason": "Asked by letter", "form": "json"})

    assert answer.status_code == 500
    assert "CB-500" in answer.text
    assert not re.search("inner workings|Calloway|Traceback|RuntimeError|carebridge/|\\.py", answer.text)


@pytest.mark.parametrize(
    ("view", "status"),
    [(defaults.bad_request, 400), (defaults.permission_denied, 403), (defaults.page_not_found, 404)],
)
def test_errors_are_pages_of_the_house_and_repeat_nothing(view, status):
    answer = view(RequestFactory().get("/patients/Calloway/"), SuspiciousOperation("Calloway"))

    assert answer.status_code == status
    assert f"CB-{status}" in answer.content.decode()
    assert "login.css" in answer.content.decode()
    assert "Calloway" not in answer.content.decode()
