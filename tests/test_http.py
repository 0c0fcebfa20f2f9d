"""Saying no over HTTP: problem documents, refusal fragments, entity tags."""

from __future__ import annotations

import psycopg
import pytest
from django.db import DatabaseError
from django.http import Http404
from django.template import engines
from django.test import RequestFactory
from rest_framework import exceptions, serializers

from carebridge.errors import DomainError
from carebridge.http import fragment_tag, matches, problem_details, refusal, tagged, unchanged


class NoMorning(DomainError):
    code = "no_morning"
    message = "There are no mornings here."


def document(error):
    answer = problem_details(error, {})
    return answer.status_code, answer.content_type, answer.data


def test_a_domain_error_keeps_its_code_sentence_fields_and_facts():
    error = NoMorning(fields={"time": "Choose an afternoon."}, detail={"nearest": [], "status": "never overwritten"})

    assert document(error) == (
        422,
        "application/problem+json",
        {
            "type": "about:blank",
            "title": "Unprocessable Entity",
            "status": 422,
            "code": "no_morning",
            "detail": "There are no mornings here.",
            "errors": {"time": ["Choose an afternoon."]},
            "nearest": [],
        },
    )


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404(), 404, "not_found"),
        (exceptions.NotFound(), 404, "not_found"),
        (exceptions.PermissionDenied(), 403, "not_allowed"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated"),
        (exceptions.ParseError(), 400, "parse_error"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.Throttled(wait=7), 429, "throttled"),
        (exceptions.ValidationError("Not so."), 422, "invalid"),
    ],
)
def test_what_the_framework_refuses_has_a_code_too(error, status, code):
    answer = problem_details(error, {})

    assert (answer.status_code, answer.data["code"]) == (status, code)
    assert answer.data["detail"].endswith(".")


def test_nested_faults_are_named_with_dots():
    class Place(serializers.Serializer):
        floor = serializers.IntegerField()

    class Body(serializers.Serializer):
        places = Place(many=True)
        name = serializers.CharField()

    body = Body(data={"places": [{"floor": 1}, {"floor": "x"}]})
    assert not body.is_valid()

    _, _, problem = document(exceptions.ValidationError(body.errors))
    assert set(problem["errors"]) == {"places.1.floor", "name"}


def test_a_deadlock_is_a_busy_schedule_and_an_impossible_date_a_bad_value():
    def caused_by(cause):
        error = DatabaseError()
        error.__cause__ = cause
        return error

    assert document(caused_by(psycopg.errors.DeadlockDetected()))[2]["code"] == "busy"
    assert document(caused_by(psycopg.errors.DatetimeFieldOverflow()))[0] == 422
    assert problem_details(caused_by(psycopg.errors.UndefinedTable()), {}) is None


def test_what_nobody_foresaw_stays_a_plain_error():
    assert problem_details(ZeroDivisionError(), {}) is None


def test_a_refusal_fragment_says_why_with_the_errors_own_status(monkeypatch):
    template = engines["django"].from_string("{{ error.message }} {{ error.fields.time }} {{ name }}")
    monkeypatch.setattr(
        "carebridge.http.render",
        lambda request, name, context, status: type("Answer", (), {"text": template.render(context), "status": status}),
    )
    answer = refusal(RequestFactory().get("/"), "why.html", NoMorning(fields={"time": "Later."}), {"name": "Nerys"})

    assert (answer.status, answer.text) == (422, "There are no mornings here. Later. Nerys")


def test_a_fragment_is_sent_again_only_when_it_changed():
    tag = fragment_tag("board", 3, "2026-03-02")
    asks = RequestFactory().get("/", headers={"If-None-Match": tag})

    assert unchanged(asks, tag).status_code == 304
    assert unchanged(asks, fragment_tag("board", 4, "2026-03-02")) is None
    assert unchanged(RequestFactory().get("/"), tag) is None


@pytest.mark.parametrize(
    ("header", "known"),
    [('W/"a"', True), ('"a"', True), ('"b", W/"a"', True), ("*", True), ('"b"', False), ("", False)],
)
def test_tags_are_compared_weakly(header, known):
    assert matches(header, 'W/"a"') is known


def test_a_tagged_answer_is_private_and_asked_for_again():
    from django.http import HttpResponse

    answer = tagged(HttpResponse(), 'W/"a"')

    assert answer["ETag"] == 'W/"a"'
    assert {"private", "no-cache"} <= {part.strip() for part in answer["Cache-Control"].split(",")}
