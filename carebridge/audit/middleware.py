"""One context for each request: who asks and from where, for every row that it causes, and what it was refused."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from carebridge.accounts.models import User
from carebridge.audit.origin import acting_as, client_address
from carebridge.audit.refusals import write_refusals


class AuditMiddleware:
    """Name the person and the address in audit rows.

    django-auditlog's own middleware believes any X-Forwarded-For, and connects a signal for each request under the
    time of day, which two threads may share.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve the request in its context."""
        user = request.user if isinstance(request.user, User) else None
        with acting_as(user, remote_addr=client_address(request), in_request=True, refused=[]) as context:
            response = self.get_response(request)
            write_refusals(request, response, context)
        return response
