"""Many who wait for times that came free, and what they answer."""

from __future__ import annotations

import random
from datetime import timedelta

import time_machine
from django.utils import timezone

from scheduling.errors import WrongStatus
from tests import factories
from waitlist.entries import join
from waitlist.errors import OfferOver
from waitlist.freed import match_due
from waitlist.models import Offer, OfferState, Urgency
from waitlist.offers import accept, decline


def wait(count: int, consultation, harbour) -> None:
    """So many people wait, some of them sooner than others."""
    rng = random.Random(3)
    for _ in range(count):
        join(
            patient=factories.PatientFactory(at=[harbour], mobile="+447700900123"),
            appointment_type=consultation,
            clinic=harbour,
            by=None,
            urgency=rng.choice((Urgency.ROUTINE, Urgency.SOON)),
            urgency_reason="Pain at night",
            waiting_since=timezone.now() - timedelta(hours=rng.randint(1, 2000)),
        )


def answer(rng: random.Random, count: int) -> None:
    """Some patients say yes or no to what they are offered; what is over by then is over."""
    for offer in Offer.objects.filter(state=OfferState.SENT).order_by("?")[:count]:
        try:
            accept(offer=offer, by=None) if rng.random() < 0.7 else decline(offer=offer, by=None)
        except (OfferOver, WrongStatus):
            continue


def let_everything_end() -> None:
    """A month later every time is over, and what was kept for somebody has lapsed."""
    with time_machine.travel(timezone.now() + timedelta(days=60), tick=False):
        match_due(limit=1000)
