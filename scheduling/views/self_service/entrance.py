"""Where a link in a message leads first."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from scheduling.models import PatientLink
from scheduling.views.self_service.door import Visitor, patient_page
from scheduling.views.self_service.visits import manage


@require_safe
@patient_page(PatientLink.Purpose.MANAGE)
def open_link(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The visit that the link was made for."""
    return manage(request, visitor)
