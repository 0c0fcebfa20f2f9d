"""A visit at Harbour, those who wait for one, and the time that it gives back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from scheduling.cancelling import cancel_appointment
from scheduling.models import Patient
from tests import factories
from waitlist.entries import join
from waitlist.freed import match_due
from waitlist.models import Decision, Entry, FreedSlot, Offer, SlotState


@pytest.fixture
def waits(consultation, harbour, dr_osei) -> Callable[..., Entry]:
    """Lets a new patient wait for a consultation at Harbour, for so many days already."""

    def run(days: int = 1, *, patient: Patient | None = None, **asked) -> Entry:
        return join(
            patient=patient or factories.PatientFactory(at=[harbour], mobile="+447700900123"),
            by=None,
            waiting_since=timezone.now() - timedelta(days=days),
            **{"appointment_type": consultation, "clinic": harbour, **asked},
        )

    return run


@pytest.fixture
def freed(visit, patient_request, receptionist) -> FreedSlot:
    """Nerys Calloway's Monday at ten, cancelled at the desk just now."""
    cancel_appointment(appointment=visit, reason=patient_request, by=receptionist)
    return FreedSlot.objects.get()


@pytest.fixture
def sweep() -> Callable[..., Offer | None]:
    """Lets the sweep run after so long, and returns the offer that is open then."""

    def run(after: timedelta = timedelta(minutes=1)) -> Offer | None:
        with time_machine.travel(timezone.now() + after, tick=False):
            match_due()
        return Offer.objects.open().select_related("entry", "appointment").first()

    return run


def state_of(slot: FreedSlot) -> SlotState:
    """What has become of a time."""
    return SlotState(FreedSlot.objects.get(pk=slot.pk).state)


def sorted_by_hand(decision: Decision) -> list[int]:
    """The entries of a decision in the order that the rules say, worked out once more from its stored facts."""
    shares = {
        "urgency": {0: 250, 1: 600, 2: 1000},
        "service": {"same": 1000, "service": 700, "other": 400},
        "location": {1: 1000, 2: 600, 3: 300},
        "doctor": {"wished": 1000, "any": 500, "other": 0},
        "times": {"given": 1000, "any": 500},
    }

    def key(row: list) -> tuple[int, int, bytes]:
        entry, urgency, waited, service, place, doctor, times = row
        said = {"urgency": urgency, "service": service, "location": min(place, 3), "doctor": doctor, "times": times}
        tenths = sum(shares[name][word] * decision.points[name] // 100 for name, word in said.items())
        tenths += min(waited, 60 * 86_400) * 1000 // (60 * 86_400) * decision.points["waiting"] // 100
        return -tenths, -waited, hashlib.sha256(f"{decision.seed}:{entry}".encode()).digest()

    return [row[0] for row in sorted(decision.candidates, key=key)]
