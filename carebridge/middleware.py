"""One log line per request: which route, by whom, how long. Never a path (it may hold a patient's link) or a query."""

import time
from typing import Any

from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django_structlog.middlewares import RequestMiddleware
from django_structlog.signals import bind_extra_request_finished_metadata
from structlog.contextvars import get_contextvars

PROBES = ("/healthz", "/readyz", "/metrics")


class RequestLogMiddleware(RequestMiddleware):
    """Give each request an id, answer it as `X-Request-ID`, and log its end."""

    def __call__(self, request: HttpRequest) -> Any:
        """Serve the request; probes come every few seconds and say nothing when all is well, so they leave no line."""
        return self.get_response(request) if request.path in PROBES else super().__call__(request)

    def prepare(self, request: HttpRequest) -> None:
        """Start the clock and bind the request id."""
        request._started_at = time.perf_counter()  # type: ignore[attr-defined]
        super().prepare(request)

    def handle_response(self, request: HttpRequest, response: HttpResponse) -> None:
        """Log the end and tell the caller the id to quote when something went wrong."""
        if request_id := get_contextvars().get("request_id"):
            response["X-Request-ID"] = request_id
        super().handle_response(request, response)

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Name the request by its route pattern, which is the same for every patient."""
        match = request.resolver_match
        return f"{request.method} /{match.route if match else '?'}"


@receiver(bind_extra_request_finished_metadata)
def add_duration(request: HttpRequest, log_kwargs: dict[str, Any], **kwargs: object) -> None:
    """Add the milliseconds the request took to its log line."""
    log_kwargs["ms"] = round((time.perf_counter() - request._started_at) * 1000, 1)  # type: ignore[attr-defined]
