"""Where a link in a message leads first."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from scheduling.views.self_service.door import Visitor, patient_page
from scheduling.views.self_service.invited import choose_first
from scheduling.views.self_service.visits import manage


@require_http_methods(["GET", "HEAD", "POST"])
@patient_page
def open_link(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The visit that the link was made for; or, of an invitation that nobody has used yet, the times to choose from."""
    invitation = visitor.link.invitation
    if invitation and invitation.appointment_id is None:
        return choose_first(request, visitor, invitation)
    return manage(request, visitor)
