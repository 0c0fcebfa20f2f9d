"""The OpenAPI schema: complete, valid, offline, and kept by what the server really answers."""

from __future__ import annotations

import pytest
import schemathesis
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


def operations(schema):
    return [
        (path, method, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def test_the_schema_is_valid_and_complete_without_a_warning(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))


def test_it_is_openapi_3_1_with_an_id_and_a_summary_for_every_operation(schema):
    ids = [operation["operationId"] for _, _, operation in operations(schema)]

    assert schema["openapi"].startswith("3.1")
    assert len(ids) == len(set(ids)) > 20
    assert all(operation.get("summary") for _, _, operation in operations(schema))


def test_every_refusal_is_a_problem_document(schema):
    for path, method, operation in operations(schema):
        refusals = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        assert refusals, (path, method)
        for status, answer in refusals.items():
            content = answer["content"]
            assert list(content) == ["application/problem+json"], (path, method, status)
            assert content["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_every_list_is_a_page(schema):
    for path in (
        "slots/",
        "slots/days/",
        "appointments/",
        "reminders/",
        "waitlist/entries/",
        "waitlist/offers/",
        "patients/",
        "clinics/",
        "doctors/",
    ):
        answer = schema["paths"][f"/api/v1/{path}"]["get"]["responses"]["200"]["content"]["application/json"]
        name = answer["schema"]["$ref"].rpartition("/")[2]
        assert {"next", "previous", "results"} <= set(schema["components"]["schemas"][name]["properties"]), path


def test_every_post_that_creates_or_changes_may_be_repeated(schema):
    for path, method, operation in operations(schema):
        if method == "post" and "/auth/" not in path:
            assert "Idempotency-Key" in [each["name"] for each in operation["parameters"]], path


def test_the_documentation_page_asks_nobody_else(client, db):
    page = client.get("/api/docs/")
    script = client.get("/api/docs/?script=")

    assert page.status_code == script.status_code == 200
    html = page.content.decode()
    assert "://" not in html
    assert "<style" not in html
    assert html.count("<script") == html.count("<script src=")
    assert "unsafe-inline" not in page["Content-Security-Policy"].replace("style-src-attr 'unsafe-inline'", "")


def _fuzz(api, user, examples):
    """Send what the schema allows and what it doesn't: never a 5xx, and every answer as described."""
    from django.core.wsgi import get_wsgi_application

    from carebridge.asgi import application  # noqa: F401 - as the server loads it

    # The client that calls in-process asks for compressed answers, and then doesn't unpack them.
    headers = {"Authorization": api(user)._credentials["HTTP_AUTHORIZATION"], "Accept-Encoding": "identity"}
    described = schemathesis.openapi.from_wsgi("/api/schema/?format=json", get_wsgi_application())
    checks = [
        schemathesis.checks.not_a_server_error,
        schemathesis.checks.status_code_conformance,
        schemathesis.checks.content_type_conformance,
        schemathesis.checks.response_schema_conformance,
    ]
    limits = settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    broken = {}
    for result in described.get_all_operations():
        operation = result.ok()
        if operation.path.endswith("/auth/logout/"):
            continue

        @limits
        @given(case=operation.as_strategy())
        def one(case):
            case.call_and_validate(headers=headers, checks=checks)

        try:
            one()
        except schemathesis.core.failures.FailureGroup as failures:
            broken[operation.label] = [str(failure) for failure in failures.exceptions]
    assert not broken, broken


@pytest.mark.django_db(transaction=True)
def test_a_few_generated_requests_of_every_kind_are_answered_as_described(api, receptionist, booked, patient_request):
    _fuzz(api, receptionist, examples=2)


@pytest.mark.full
@pytest.mark.django_db(transaction=True)
def test_many_generated_requests_of_every_kind_are_answered_as_described(api, receptionist, booked, patient_request):
    _fuzz(api, receptionist, examples=150)
