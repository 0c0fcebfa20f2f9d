"""Where a link in a message leads first."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from scheduling.views.self_service.door import Visitor, patient_page
from scheduling.views.self_service.invited import choose_first
from scheduling.views.self_service.visits import manage

FirstPage = Callable[[HttpRequest, Visitor], HttpResponse | None]
_of_apps_above: list[FirstPage] = []


def show_first(page: FirstPage) -> None:
    """Let an app above show a page of its own instead of the visit; None where it has none to show."""
    _of_apps_above.append(page)


@require_http_methods(["GET", "HEAD", "POST"])
@patient_page
def open_link(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The visit that the link was made for; or, of an invitation that nobody has used yet, the times to choose from."""
    invitation = visitor.link.invitation
    if invitation and invitation.appointment_id is None:
        return choose_first(request, visitor, invitation)
    shown = (page(request, visitor) for page in _of_apps_above)
    return next(filter(None, shown), None) or manage(request, visitor)
