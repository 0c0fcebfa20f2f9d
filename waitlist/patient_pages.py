"""What patients see of the waitlist behind their links: an offer and how it ended, and waiting for an earlier time."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from scheduling.links import live_visit
from scheduling.models import Appointment, Channel
from scheduling.periods import wall_clock
from scheduling.views.self_service.door import Visitor, page, visit_page
from scheduling.views.self_service.shown import ShownVisit, nearness
from waitlist import entries, offers
from waitlist.errors import OfferOver
from waitlist.models import GIVEN_UP_FOR_AN_EARLIER, NO_VISIT_ANY_MORE, Entry, EntryStatus, Offer, OfferState, Outcome

NOTICE_MINUTES = 120
"""Who asks for an earlier time behind their link can be there within so long."""


def offer_page(request: HttpRequest, visitor: Visitor) -> HttpResponse | None:
    """The offer that a link was sent for, while it stands and once it is over; None once it has become a visit."""
    about = ("entry__visit__clinic", "entry__visit__doctor", "appointment__clinic", "appointment__doctor")
    offer = Offer.objects.select_related(*about).filter(appointment=visitor.link.visit_id or 0).first()
    if offer is None or offer.state == OfferState.ACCEPTED:
        return None
    lapsed = offer.appointment.expires_at is None or offer.appointment.expires_at <= visitor.now
    template = "offer_over" if offer.state != OfferState.SENT or lapsed else "offer"
    return page(request, visitor, f"waitlist/self_service/{template}.html", _shown(offer, visitor))


def _shown(offer: Offer, visitor: Visitor) -> Mapping[str, object]:
    old = offer.entry.visit
    return {
        "offer": offer,
        "clinic": offer.appointment.clinic,
        "shown": ShownVisit(offer.appointment, visitor.language, visitor.now),
        "old": ShownVisit(old, visitor.language, visitor.now) if old and offer.entry.gives_up_visit else None,
        "until": _until(offer.appointment, visitor),
        "declined": offer.state == OfferState.DECLINED,
        "waits": offer.entry.status != EntryStatus.CLOSED,
    }


def _until(visit: Appointment, visitor: Visitor) -> str:
    """Until when an answer is awaited: 11:00am, today, or with its day."""
    if visit.expires_at is None:
        return ""
    local = wall_clock(visit.expires_at, visit.clinic.zone)
    clock = visitor.language.clock(local.time())
    if near := nearness(local.date(), wall_clock(visitor.now, visit.clinic.zone).date()):
        return f"{clock}, {near.lower()}"
    return _("%(time)s on %(day)s") % {"time": clock, "day": visitor.language.day(local.date(), with_year=False)}


@require_POST
@visit_page
def answer(request: HttpRequest, visitor: Visitor, said: str) -> HttpResponse:
    """Yes, no, or no and never again; afterwards the link's first page says what has become of it."""
    offer = Offer.objects.filter(appointment=visitor.link.visit_id).first()
    if offer is None or said not in ("yes", "no", "stop"):
        raise Http404
    try:
        if said == "yes":
            offers.accept(offer=offer, by=None)
        else:
            offers.decline(offer=offer, by=None, stop=said == "stop")
    except OfferOver:
        # Answered twice, or too late: the page that follows says so more calmly than a refusal.
        pass
    return _back(visitor)


def earlier_part(visitor: Visitor, visit: Appointment) -> Mapping[str, object] | None:
    """Beside a visit: asking for an earlier time, or that they did. Once it is called off: that they wait on."""
    waits = Entry.objects.open().filter(visit=visit, patient=visit.patient_id).exists()
    is_gone = visit.status in NO_VISIT_ANY_MORE
    if not _may_ask(visit, visitor) and not (is_gone and waits):
        return None
    return {"template": "waitlist/self_service/earlier.html", "waits": waits, "is_gone": is_gone}


def _may_ask(visit: Appointment, visitor: Visitor) -> bool:
    """Whether they may give the visit up for an earlier time: as long as they may move it."""
    movable = ShownVisit(visit, visitor.language, visitor.now).may_move
    return movable and visit.status in GIVEN_UP_FOR_AN_EARLIER


@require_POST
@visit_page
def wait(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Tell me if something earlier opens. Asked twice, it is asked once."""
    visit = live_visit(visitor.link)
    open_entry = Entry.objects.open().filter(patient=visit.patient_id, appointment_type=visit.appointment_type_id)
    if _may_ask(visit, visitor) and not open_entry.filter(clinic=visit.clinic_id).exists():
        entries.join(
            patient=visit.patient,
            appointment_type=visit.appointment_type,
            clinic=visit.clinic,
            by=None,
            doctor=visit.doctor,
            visit=visit,
            channel=Channel.LINK,
            referral=visit.referral,
            notice_minutes=NOTICE_MINUTES,
        )
    return _back(visitor)


@require_POST
@visit_page
def leave(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Ask me no more about this visit."""
    visit = live_visit(visitor.link)
    offer = Offer.objects.filter(appointment=visit).first()
    theirs = Entry.objects.open().filter(patient=visit.patient_id)
    for entry in theirs.filter(pk=offer.entry_id) if offer else theirs.filter(visit=visit):
        offers.take_off(entry=entry, outcome=Outcome.WITHDREW, by=None)
    return _back(visitor)


def _back(visitor: Visitor) -> HttpResponse:
    return redirect("scheduling:patient-link", token=visitor.token)
