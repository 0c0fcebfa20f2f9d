"""Which rule holds where, who may change it, and that every version of it stays."""

from __future__ import annotations

from datetime import time

import pytest
from django.db import DatabaseError, transaction

from carebridge.accounts.models import Role
from carebridge.audit.models import LogEntry
from carebridge.errors import InvalidInput, NotAllowed
from reminders import rules
from reminders.models import Kind, MessageText, Rule, RuleVersion
from reminders.placeholders import WordingError
from reminders.rule_changes import Terms, Words, may_edit, save_rule, switch_rule
from scheduling.errors import StaleVersion
from scheduling.memberships import grant_membership

pytestmark = pytest.mark.django_db

UPCOMING = Terms(days=-2, skip_when_booked_within=1440)


def winner(clinic, appointment_type, kind=Kind.UPCOMING) -> Rule:
    rules.forget()
    (found,) = [rule for rule in rules.current_book().winners(clinic.pk, appointment_type.pk) if rule.kind == kind]
    return found


@pytest.fixture
def scopes(harbour, consultation, cardiology):
    """Each scope a rule may have, the broadest first."""
    return [
        {},
        {"clinic": harbour},
        {"service": cardiology},
        {"service": cardiology, "clinic": harbour},
        {"appointment_type": consultation},
        {"appointment_type": consultation, "clinic": harbour},
    ]


def test_the_closest_rule_wins_type_before_service_before_clinic_before_group(scopes, harbour, consultation):
    for scope in scopes:
        version = save_rule(kind=Kind.UPCOMING, terms=UPCOMING, by=None, **scope)
        assert winner(harbour, consultation) == version.rule


def test_in_whatever_order_they_were_written(scopes, harbour, consultation):
    versions = [save_rule(kind=Kind.UPCOMING, terms=UPCOMING, by=None, **scope) for scope in reversed(scopes)]

    assert winner(harbour, consultation) == versions[0].rule


def test_a_rule_for_another_clinic_or_service_says_nothing_here(northgate, harbour, consultation):
    group = winner(harbour, consultation)
    save_rule(kind=Kind.UPCOMING, terms=UPCOMING, by=None, clinic=northgate)

    assert winner(harbour, consultation) == group
    assert winner(northgate, consultation).clinic == northgate


def test_rules_of_two_slots_hold_side_by_side(harbour, consultation):
    save_rule(kind=Kind.UPCOMING, terms=Terms(days=-7), by=None, slot="week")
    rules.forget()
    both = rules.current_book().active(harbour.pk, consultation.pk, {Kind.UPCOMING})

    assert {version.rule.slot for version in both} == {"main", "week"}


def test_the_screen_can_say_which_rule_holds_and_why(harbour, consultation):
    save_rule(kind=Kind.UPCOMING, terms=UPCOMING, by=None, clinic=harbour)
    first, second = rules.explain(kind=Kind.UPCOMING, clinic_id=harbour.pk, appointment_type_id=consultation.pk)

    assert (first.wins, first.why) == (True, "It holds: a rule for this clinic goes before every broader one.")
    assert (second.wins, second.why) == (False, "Set aside: the rule for this clinic is closer to this visit.")


def test_an_administrator_changes_the_rules_of_their_clinic_only(clinic_admin, harbour, northgate):
    version = save_rule(kind=Kind.UPCOMING, terms=UPCOMING, by=clinic_admin, clinic=harbour)
    assert version.saved_by == clinic_admin

    for scope in ({}, {"clinic": northgate}):
        with pytest.raises(NotAllowed):
            save_rule(kind=Kind.UPCOMING, terms=UPCOMING, by=clinic_admin, **scope)


def test_who_administers_every_clinic_changes_the_groups_rules(clinic_admin, harbour, northgate):
    assert not may_edit(clinic_admin, None)
    grant_membership(user=clinic_admin, clinic=northgate, role=Role.CLINIC_ADMINISTRATOR, by=None)

    save_rule(kind=Kind.UPCOMING, terms=Terms(days=-3), by=clinic_admin)
    assert may_edit(clinic_admin, None)


def test_reception_changes_no_rule_and_leaves_none_behind(receptionist, harbour):
    before = Rule.objects.count()
    with pytest.raises(NotAllowed):
        save_rule(kind=Kind.UPCOMING, terms=UPCOMING, by=receptionist, clinic=harbour)

    assert Rule.objects.count() == before


def test_every_version_stays_with_its_words(clinic_admin, harbour):
    words = [Words(language="en", medium="sms", body="See you on {date}")]
    first = save_rule(kind=Kind.UPCOMING, terms=UPCOMING, by=clinic_admin, clinic=harbour, texts=words)
    second = save_rule(kind=Kind.UPCOMING, terms=Terms(days=-1), by=clinic_admin, clinic=harbour, number=1)

    assert list(RuleVersion.objects.filter(rule=first.rule).values_list("number", "days")) == [(2, -1), (1, -2)]
    assert first.texts.get().body == "See you on {date}"
    assert Rule.objects.get(pk=first.rule_id).current == second
    with pytest.raises(DatabaseError), transaction.atomic():
        RuleVersion.objects.filter(pk=first.pk).update(days=0)
    with pytest.raises(DatabaseError), transaction.atomic():
        MessageText.objects.update(body="Something else")


def test_a_change_is_accounted_for_with_what_it_was(clinic_admin, harbour):
    save_rule(kind=Kind.UPCOMING, terms=UPCOMING, by=clinic_admin, clinic=harbour)
    save_rule(kind=Kind.UPCOMING, terms=Terms(days=-1), by=clinic_admin, clinic=harbour)

    entry = LogEntry.objects.filter(event="rule.saved").latest("pk")
    assert (entry.actor, entry.clinic_id, entry.role) == (clinic_admin, harbour.pk, "clinic_administrator")
    assert entry.changes["days"] == [-2, -1]


def test_who_edits_an_old_copy_is_told(clinic_admin, harbour):
    save_rule(kind=Kind.UPCOMING, terms=UPCOMING, by=clinic_admin, clinic=harbour)

    with pytest.raises(StaleVersion):
        save_rule(kind=Kind.UPCOMING, terms=Terms(days=-1), by=clinic_admin, clinic=harbour, number=0)


def test_switching_off_keeps_words_and_times(clinic_admin, harbour):
    words = [Words(language="fr", medium="sms", body="À bientôt")]
    version = save_rule(kind=Kind.UPCOMING, terms=UPCOMING, by=clinic_admin, clinic=harbour, texts=words)
    off = switch_rule(rule=version.rule, is_active=False, by=clinic_admin)

    assert (off.is_active, off.days, off.texts.get().body) == (False, -2, "À bientôt")
    with pytest.raises(InvalidInput):
        switch_rule(rule=version.rule, is_active=False, by=clinic_admin)


@pytest.mark.parametrize(
    ("kind", "terms", "field"),
    [
        (Kind.UPCOMING, Terms(days=1), "days"),
        (Kind.THANKS, Terms(days=-1), "days"),
        (Kind.UPCOMING, Terms(quiet_from=time(8), quiet_until=time(8)), "quiet_until"),
        (Kind.UPCOMING, Terms(media=("fax",)), "media"),
        ("birthday", Terms(), "kind"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_field(kind, terms, field):
    with pytest.raises((InvalidInput, DatabaseError)) as refused, transaction.atomic():
        save_rule(kind=kind, terms=terms, by=None)

    if isinstance(refused.value, InvalidInput):
        assert field in refused.value.fields


def test_a_text_that_could_not_be_filled_in_is_not_saved(harbour):
    with pytest.raises(WordingError):
        save_rule(
            kind=Kind.UPCOMING,
            terms=UPCOMING,
            by=None,
            clinic=harbour,
            texts=[Words(language="en", medium="sms", body="Dear {doctors_wife}")],
        )
    assert not Rule.objects.filter(clinic=harbour).exists()


def test_a_process_learns_of_a_change_within_ten_seconds(harbour, consultation, monkeypatch):
    book = rules.current_book()
    Rule.objects.filter(kind=Kind.UPCOMING).update(slot="elsewhere")
    assert rules.current_book() is book

    monkeypatch.setattr(rules.time, "monotonic", lambda: book.read_at + 10.1)
    assert rules.current_book() is not book
