"""Whom we can reach and how: wishes, consent and blocks are kept, and nobody is written to who declined."""

from __future__ import annotations

import pytest
from django.utils import timezone

from reminders.models import ContactBlock, Kind, Medium, Rule, RuleVersion, StaffWish
from reminders.routing import Route, address_of, blocks_of, media_for
from scheduling.models import Patient

pytestmark = pytest.mark.django_db

SMS, EMAIL, LETTER = Medium.SMS, Medium.EMAIL, Medium.LETTER


@pytest.fixture
def nerys(patient):
    """Nerys has a mobile, an e-mail address and a postal address, and agreed to both."""
    patient.email, patient.address, patient.postcode = "nerys@example.com", "4 Elm Row, London", "N1 7NG"
    patient.save()
    return patient


def _rule(kind: str = Kind.UPCOMING, *media: str) -> RuleVersion:
    return RuleVersion(rule=Rule(kind=kind), number=1, media=list(media))


def _blocked(medium: str, address: str, reason: str, **fields: object) -> ContactBlock:
    return ContactBlock.objects.create(medium=medium, address=address, reason=reason, since=timezone.now(), **fields)


def _route(patient: Patient, version: RuleVersion | None = None) -> Route:
    return media_for(patient, version or _rule(), blocks_of(patient))


def test_what_the_patient_prefers_comes_first_and_the_other_stands_in(nerys):
    assert _route(nerys).media == (SMS, EMAIL)

    nerys.preferred_channel = "email"

    assert _route(nerys).media == (EMAIL, SMS)


def test_a_patient_who_prefers_calls_is_written_to_like_everybody(nerys):
    nerys.preferred_channel = "phone"

    assert _route(nerys).media == (SMS, EMAIL)


def test_a_rules_media_count_in_its_order_and_no_other(nerys):
    assert _route(nerys, _rule(Kind.UPCOMING, "email", "sms")).media == (EMAIL, SMS)

    nerys.email = ""

    assert _route(nerys, _rule(Kind.UPCOMING, "email")) == Route((), "no_contact")


def test_how_to_prepare_goes_by_email_if_it_can(nerys):
    assert _route(nerys, _rule(Kind.PREPARATION)).media == (EMAIL, SMS)


@pytest.mark.parametrize(("declined", "left"), [(("sms",), (EMAIL,)), (("email",), (SMS,)), (("sms", "email"), ())])
def test_consent_is_kept_for_each_medium(nerys, declined, left):
    for medium in declined:
        setattr(nerys, f"consents_to_{medium}", False)

    assert _route(nerys).media == left
    assert _route(nerys).reason == ("" if left else "no_consent")


def test_stop_is_kept_until_it_is_taken_back(nerys):
    block = _blocked("sms", nerys.mobile, "stopped")
    assert _route(nerys).media == (EMAIL,)

    block.lifted_at = timezone.now()
    block.save()

    assert _route(nerys).media == (SMS, EMAIL)


def test_a_block_holds_for_its_own_medium_and_address_only(nerys):
    _blocked("sms", "+447700900999", "stopped")
    _blocked("email", nerys.mobile, "stopped")

    assert _route(nerys).media == (SMS, EMAIL)


def test_an_address_is_blocked_whatever_case_it_is_written_in(nerys):
    nerys.email = "Nerys@Example.COM"
    _blocked("email", "nerys@example.com", "bounced")

    assert _route(nerys).media == (SMS,)


def test_nobody_reachable_says_why_and_what_they_said_comes_first(nerys):
    nerys.email = ""
    _blocked("sms", nerys.mobile, "bounced")
    assert _route(nerys).media == (LETTER,)

    _blocked("sms", nerys.mobile, "stopped")

    assert _route(nerys) == Route((), "opted_out")


def test_somebody_with_neither_mobile_nor_email_gets_a_letter(nerys):
    nerys.mobile = nerys.email = ""

    assert _route(nerys).media == (LETTER,)
    assert address_of(nerys, "letter") == "Nerys Calloway\n4 Elm Row\nLondon\nN1 7NG"

    nerys.address = ""

    assert _route(nerys) == Route((), "no_contact")


def test_no_letter_is_sent_that_would_come_too_late(nerys):
    nerys.mobile = nerys.email = ""

    assert _route(nerys, _rule(Kind.SAME_DAY)) == Route((), "no_contact")
    assert _route(nerys, _rule(Kind.OFFER, "sms", "letter")) == Route((), "no_contact")


def test_who_wants_letters_gets_letters(nerys):
    nerys.preferred_channel = "letter"

    assert _route(nerys).media == (LETTER, SMS, EMAIL)
    assert _route(nerys, _rule(Kind.SAME_DAY)).media == (SMS, EMAIL)


def test_whoever_declined_everything_gets_no_letter_either(nerys):
    nerys.consents_to_sms = nerys.consents_to_email = False

    assert _route(nerys) == Route((), "no_consent")


@pytest.mark.parametrize("number", ["020", "not a number", "+1"])
def test_a_number_that_nobody_can_dial_is_no_number(nerys, number):
    nerys.mobile = number

    assert _route(nerys).media == (EMAIL,)


def test_a_number_typed_without_its_country_is_sent_in_full(nerys):
    nerys.mobile = "07700 900461"

    assert address_of(nerys, "sms") == "+447700900461"


@pytest.mark.parametrize("change", [{"is_active": False}, {"anonymised_at": timezone.now()}])
def test_a_record_out_of_use_gets_nothing(nerys, change):
    for field, value in change.items():
        setattr(nerys, field, value)

    assert _route(nerys) == Route((), "patient_gone")


def test_staff_are_told_as_they_wished(receptionist):
    receptionist.email = "maya@clinic.example"
    rule = _rule(Kind.STAFF_CHANGE)
    assert media_for(receptionist, rule, ()) == Route((), "opted_out")

    wish = StaffWish.objects.create(user=receptionist, kind=Kind.STAFF_CHANGE, medium="sms", mobile="+447700900300")

    assert media_for(receptionist, rule, ()).media == (SMS, EMAIL)
    assert address_of(receptionist, "sms", wish) == "+447700900300"
    _blocked("sms", "+447700900300", "stopped")
    assert media_for(receptionist, rule, blocks_of(receptionist)).media == (EMAIL,)
