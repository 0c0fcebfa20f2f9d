"""Who is asked less often than others, filters that are kept, visits that need agreement, decisions read whole."""

from __future__ import annotations

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from carebridge.audit.models import LogEntry
from scheduling.models import Appointment, Clinic, Patient
from scheduling.models.appointment import new_reference
from tests import factories
from waitlist.models import ClinicTerms, Decision, Entry, Grouping, Offer, OfferState, SavedFilter
from waitlist.offers import approve
from waitlist.queries.disparity import ALARM, FEWEST, Group, compare, comparisons

pytestmark = pytest.mark.django_db


def test_the_least_and_the_most_often_asked_are_compared():
    groups = [Group("English", 100, 50), Group("Polish", 40, 10), Group("French", 50, 20)]

    found = compare("Language", groups)

    assert (found.least.name, found.most.name, found.ratio) == ("Polish", "English", 0.5)
    assert found.is_uneven


@pytest.mark.parametrize(("asked", "is_uneven"), [(39, True), (40, False)])
def test_four_fifths_is_not_below_four_fifths(asked, is_uneven):
    assert compare("Sex", [Group("Male", 100, asked), Group("Female", 100, 50)]).is_uneven is is_uneven


def test_few_people_and_few_who_were_asked_say_nothing():
    assert compare("Sex", [Group("Male", FEWEST - 1, 0), Group("Female", 100, 50)]) is None
    assert compare("Sex", [Group("Male", 100, 0), Group("Female", 100, FEWEST - 1)]) is None
    assert compare("Sex", [Group("Male", FEWEST, 0), Group("Female", 100, FEWEST)]).ratio == 0


@pytest.fixture
def crowd(waits, harbour, freed) -> None:
    """Eighty who wait, of whom every third was asked, and of those every second by a message."""
    for number in range(80):
        patient = factories.PatientFactory(
            at=[harbour],
            language=("en", "pl")[number % 2],
            sex=("male", "female")[number % 4 // 2],
            birth_date=date(2026 - (8, 30, 64, 65, 80)[number % 5], 11, 23),
            access_needs=["wheelchair"] if number % 3 == 0 else [],
            mobile="+447700900123",
        )
        entry = waits(number, patient=patient)
        if number % 3 == 0:
            _offered(entry, OfferState.DECLINED if number % 2 else OfferState.SKIPPED, freed)


def _offered(entry: Entry, state: OfferState, slot) -> None:
    now = timezone.now()
    facts = {"candidates": [], "points": {}, "seed": "", "made_at": now}
    decision = Decision.objects.create(slot=slot, chosen=entry, **facts)
    visit = Appointment.objects.get(pk=slot.appointment_id)
    visit.pk, visit.patient, visit.reference, visit.calendar_uid = None, entry.patient, new_reference(), uuid4()
    visit.save()
    Offer.objects.create(
        decision=decision, slot=slot, entry=entry, appointment=visit, state=state, made_at=now, ended_at=now
    )


def test_the_groups_are_those_of_a_count_by_hand(crowd, harbour):
    ClinicTerms.objects.create(clinic=harbour, compared=["language", "sex", "age", "access"])
    now = timezone.now()

    found = comparisons(Entry.objects.all(), [harbour], now - timedelta(days=30), now.date())

    told_apart = {
        "Language": lambda who: {"en": "English", "pl": "Polish"}[who.language],
        "Sex": lambda who: who.get_sex_display(),
        "Age": lambda who: _band(who.age_on(now.date())),
        "Needs of access": lambda who: "with such needs" if who.access_needs else "no such needs",
    }
    by_hand = {by: _counted(of) for by, of in told_apart.items()}
    assert [each.by for each in found] == list(told_apart)
    for each in found:
        shares = {name: (asked / all_) for name, (all_, asked) in by_hand[each.by].items() if all_ >= FEWEST}
        assert (each.least.share, each.most.share) == (min(shares.values()), max(shares.values()))
        assert by_hand[each.by][each.least.name] == (each.least.waited, each.least.asked)
        assert each.is_uneven == (each.ratio < ALARM)


def _band(age: int) -> str:
    return "under 16" if age < 16 else "16 to 64" if age < 65 else "65 and over"


def _counted(of) -> dict[str, tuple[int, int]]:
    """How many waited, and how many were really asked, by group."""
    counts: dict[str, tuple[int, int]] = {}
    for entry in Entry.objects.select_related("patient"):
        waited, asked = counts.get(of(entry.patient), (0, 0))
        was = entry.offers.exclude(state=OfferState.SKIPPED).exists()
        counts[of(entry.patient)] = waited + 1, asked + was
    return counts


def test_the_screen_says_so_only_for_groups_that_were_chosen(client, crowd, harbour, receptionist):
    terms = ClinicTerms.objects.create(clinic=harbour, compared=["language"])
    client.force_login(receptionist)

    assert "Language, English:" in client.get("/waitlist/").text
    terms.compared = []
    terms.save()
    assert "Language, English:" not in client.get("/waitlist/").text


def test_a_clinic_that_gets_terms_compares_the_usual_groups_unless_it_says_otherwise(client, harbour, clinic_admin):
    client.force_login(clinic_admin)

    page = client.get("/admin/waitlist/clinicterms/add/").text

    boxes = re.findall(r'<input[^>]*name="compared"[^>]*>', page)
    ticked = {re.search(r'value="(\w+)"', box)[1] for box in boxes if "checked" in box}
    assert ticked == {"language", "sex", "age"}
    assert len(boxes) == len(Grouping)


def test_a_visit_that_the_clinic_agrees_to_is_offered_once_somebody_agreed(freed, waits, sweep, harbour, receptionist):
    terms = ClinicTerms.objects.create(clinic=harbour)
    terms.approve_types.add(freed.appointment_type)
    waits()

    offer = sweep()

    assert (offer.state, offer.needs) == (OfferState.APPROVAL, "configured")
    assert approve(offer=offer, by=receptionist).state == OfferState.SENT


def test_filters_are_kept_for_oneself_without_words(client, receptionist, clinic_admin, waits):
    waits()
    client.force_login(receptionist)
    kept = {"urgency": "2", "age": "30", "words": "calloway", "name": "Long and urgent"}

    answer = client.post("/waitlist/filters/", kept)
    client.post("/waitlist/filters/", {**kept, "age": "60"})

    assert answer["Location"] == "/waitlist/?urgency=2&age=30#ranked-title"
    mine = SavedFilter.objects.get()
    assert mine.query == "urgency=2&age=60"
    assert 'href="?urgency=2&amp;age=60#ranked-title"' in client.get("/waitlist/").text
    assert not LogEntry.objects.filter(additional_data__icontains="calloway").exists()
    assert "There is nothing to keep" not in client.get("/waitlist/").text
    client.post("/waitlist/filters/", {"name": "Nothing"})
    assert "nothing to keep" in client.get("/waitlist/").text

    client.force_login(clinic_admin)
    assert "Long and urgent" not in client.get("/waitlist/").text
    assert client.post(f"/waitlist/filters/{mine.pk}/remove/").status_code == 404
    client.force_login(receptionist)
    client.post(f"/waitlist/filters/{mine.pk}/remove/")
    assert not SavedFilter.objects.exists()


def test_people_are_searched_without_their_name_in_an_address(client, receptionist, waits, harbour):
    waits(patient=factories.PatientFactory(at=[harbour], family_name="Kessler"))
    waits(patient=factories.PatientFactory(at=[harbour], family_name="Brandt"))
    client.force_login(receptionist)

    found = client.post("/waitlist/", {"words": "kessler"}).text
    assert "Kessler" in found
    assert "Brandt" not in found
    assert "words=" not in found
    assert "Brandt" in client.get("/waitlist/?words=kessler").text


def test_a_decision_is_read_whole_and_says_why_not_somebody(client, receptionist, waits, sweep, freed, harbour: Clinic):
    entries = [waits(days) for days in range(1, 13)]
    last: Patient = entries[0].patient
    Patient.objects.filter(pk=last.pk).update(family_name="Kessler", search_name="ann kessler")
    decision = sweep().decision
    client.force_login(receptionist)

    address = f"/waitlist/history/{decision.pk}/"
    assert "10 of 12" in client.get("/waitlist/history/").text
    assert client.get(address).text.count('<th scope="row">') == 12
    only = client.post(address, {"words": "kessler"}).text
    assert only.count('<th scope="row">') == 1
    assert '<td class="n faint">12</td>' in only
    assert "Nobody of that name" in client.post(address, {"words": "nobody"}).text
