"""The calendar file that patients fetch from the page of their visit."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from reminders.calendar_file import calendar_file
from reminders.models import Kind
from reminders.occasion import Occasion
from reminders.wording import wording_in
from scheduling.links import live_visit
from scheduling.models.appointment import UPCOMING
from scheduling.views.self_service.door import Visitor, visit_page


@require_safe
@visit_page
def visit(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The visit as an entry for a calendar; fetched again after a move, it takes the place of the first."""
    found = live_visit(visitor.link)
    if found.status not in UPCOMING:
        raise Http404
    occasion = Occasion(Kind.BOOKED, found.clinic, found.patient, [found], visitor.now)
    content = calendar_file(occasion, wording_in(visitor.language.code), made_at=visitor.now, by_hand=True)
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="appointment.ics"'
    return response
