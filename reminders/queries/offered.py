"""What became of the messages about offered times."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reminders.models import Kind, Reminder, State
from waitlist.queries.told import Told

WORDS = {
    State.PLANNED: Told("Going out"),
    State.SENDING: Told("Going out"),
    State.SENT: Told("Sent"),
    State.DELIVERED: Told("Delivered"),
    State.FAILED: Told("Did not arrive: call", failed=True),
    State.SUPPRESSED: Told("Not sent: call", failed=True),
}


def told_of_offers(visit_ids: Collection[int]) -> Mapping[int, Told]:
    """Of the last message about each of the offered visits. One statement."""
    sent = Reminder.objects.filter(appointment__in=visit_ids, kind=Kind.OFFER, state__in=WORDS).order_by("pk")
    return {visit: WORDS[State(state)] for visit, state in sent.values_list("appointment", "state")}
