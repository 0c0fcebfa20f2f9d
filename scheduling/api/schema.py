"""What the OpenAPI schema says beside what the code already shows: problems, headers, examples."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from carebridge.http import PROBLEM_JSON, ProblemSerializer

_MEANINGS = {
    304: "You have this version already.",
    400: "The body is not JSON.",
    401: "No token, or one that has expired.",
    403: "Your role doesn't allow this.",
    404: "Unknown, or not visible to you.",
    409: "Somebody was faster (`slot_taken`, `slot_held`), or the same request is in flight (`idempotency_busy`).",
    412: "The row has changed since the version in If-Match (`stale_version`).",
    422: "A value, a rule of the schedule or a policy says no; `code` names which.",
    429: "Too many requests; wait as long as Retry-After says.",
    503: "Times can't be held right now; booking works and is safe (`holds_unavailable`).",
}

TAKEN = OpenApiExample(
    "taken",
    summary="A lost race",
    status_codes=["409"],
    response_only=True,
    value={
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "code": "slot_taken",
        "detail": "That time was taken a moment ago. Nothing was saved: choose one of the nearest free times.",
        "nearest": [
            {
                "starts_at": "2026-03-02T09:30:00+00:00",
                "ends_at": "2026-03-02T10:00:00+00:00",
                "clinic": {"id": 1, "name": "Harbour Street"},
                "doctor": {"id": 7, "name": "Dr Amara Osei"},
                "resources": [{"id": 12, "name": "Room 1", "kind": "room"}],
            }
        ],
    },
)
REFUSED = OpenApiExample(
    "refused",
    summary="The doctor doesn't work then",
    status_codes=["422"],
    response_only=True,
    value={
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "code": "outside_hours",
        "detail": "Dr Amara Osei doesn't work then.",
        "reasons": [{"code": "outside_hours", "message": "Dr Amara Osei doesn't work then.", "overridable": True}],
    },
)

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 120, "pattern": "^[!-~]{1,120}$"},
    OpenApiParameter.HEADER,
    description="Send the same key with a repetition: the work is done once and answered again, for 24 hours.",
)
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The ETag you have seen; a newer version answers 412."
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="The ETag you have; the same version answers 304."
)


def problems(*statuses: int) -> dict[Any, Any]:
    """The refusals of an operation, each as a problem document; who is not signed in is refused everywhere."""
    return {
        (status, PROBLEM_JSON): OpenApiResponse(ProblemSerializer, description=_MEANINGS[status])
        for status in sorted({401, 429, *statuses})
    }


def reads(operation: str, answer: Any, summary: str, *statuses: int, parameters: Any = (), **more: Any) -> Any:
    """Describe a GET: its operation id, its 200 answer and its refusals."""
    answers = {200: answer, **({304: OpenApiResponse(description=_MEANINGS[304])} if 304 in statuses else {})}
    return extend_schema(
        operation_id=operation,
        summary=summary,
        responses={**answers, **problems(*(each for each in statuses if each != 304))},
        parameters=[*parameters, *([IF_NONE_MATCH] if 304 in statuses else [])],
        **more,
    )


def changes(
    operation: str,
    body: Any,
    answer: Any,
    summary: str,
    *statuses: int,
    success: int = 200,
    matches: bool = False,
    repeatable: bool = True,
    **more: Any,
) -> Any:
    """Describe a POST, PATCH or DELETE: body, answer, refusals, and the headers that guard it."""
    refusals = problems(400, 403, 404, 409, 422, *statuses, *([412] if matches else []))
    return extend_schema(
        operation_id=operation,
        summary=summary,
        request=body,
        responses={success: answer, **refusals},
        parameters=[*([IDEMPOTENCY_KEY] if repeatable else []), *([IF_MATCH] if matches else [])],
        **more,
    )
