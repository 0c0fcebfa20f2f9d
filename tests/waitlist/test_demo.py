"""The demo's waitlist could have come about by CareBridge itself."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.db.models import F

from scheduling.demo.load import Size, load_demo
from scheduling.models import Channel
from waitlist.demo import load_entries
from waitlist.models import Decision, Entry, Offer, OfferState, SlotState
from waitlist.queries.replay import RELATED, replayed

MORNING = datetime(2026, 11, 24, 7, 0, tzinfo=ZoneInfo("Europe/London"))


@pytest.mark.django_db
def test_its_history_holds_and_every_decision_comes_out_the_same():
    load_demo(now=MORNING, size=Size(patients=1500, weeks=2))
    assert load_entries(now=MORNING)

    taken = Offer.objects.filter(state=OfferState.ACCEPTED)
    decisions = [replayed(each) for each in Decision.objects.select_related(*RELATED)]
    assert len(decisions) == taken.count() >= 10
    assert all(each.agrees and each.lines[0].is_chosen for each in decisions)
    assert any(len(each.lines) > 1 for each in decisions)
    assert set(taken.values_list("appointment__channel", "slot__state")) == {(Channel.WAITLIST, SlotState.FILLED)}
    assert not taken.exclude(appointment__patient=F("entry__patient")).exists()
    assert not taken.filter(ended_at__gt=F("appointment__starts_at")).exists()
    assert not taken.filter(made_at__lt=F("entry__waiting_since")).exists()
    assert not Entry.objects.filter(closed_at__gt=MORNING).exists()
