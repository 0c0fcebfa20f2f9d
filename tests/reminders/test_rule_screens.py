"""The rules screens: who sees and changes which rule, what holds where, and what a change says when it is refused."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from reminders.models import Kind, Rule
from reminders.rule_changes import Terms, save_rule
from reminders.wording import wording_in

pytestmark = pytest.mark.django_db

FORM = {
    "is_active": "on", "days": "2", "minutes": "0", "at_time": "", "quiet_from": "20:00", "quiet_until": "08:00",
    "latest_minutes_before": "60", "skip_when_booked_within": "1440", "first": "", "second": "", "third": "",
}  # fmt: skip


@pytest.fixture
def group_rule(db) -> Rule:
    """The reminder two days before, of the whole group."""
    return Rule.objects.get(kind=Kind.UPCOMING, clinic=None, service=None, appointment_type=None)


@pytest.fixture
def harbour_rule(harbour, clinic_admin) -> Rule:
    """Harbour's own: three days before."""
    return save_rule(kind=Kind.UPCOMING, terms=Terms(days=-3), clinic=harbour, by=clinic_admin).rule


def page(client, name="rules", *args, **params):
    return client.get(reverse(f"reminders:{name}", args=args), params)


def words(response) -> str:
    return " ".join(response.content.decode().split())


def test_the_list_says_when_and_how_each_rule_sends(client, clinic_admin, group_rule):
    client.force_login(clinic_admin)

    said = words(page(client))

    assert "2 days before, at the same time" in said
    assert "not between 20:00 and 08:00" in said
    assert "As the patient prefers" in said


def test_for_a_clinic_and_type_it_says_which_rule_holds_and_why_the_other_does_not(
    client, clinic_admin, harbour, consultation, harbour_rule
):
    client.force_login(clinic_admin)

    said = words(page(client, clinic=harbour.pk, type=consultation.pk))

    assert "It holds: a rule for this clinic goes before every broader one." in said
    assert "Set aside: the rule for this clinic is closer to this visit." in said


def test_half_a_choice_asks_for_the_other_half(client, clinic_admin, harbour):
    client.force_login(clinic_admin)

    assert "Choose both" in words(page(client, clinic=harbour.pk))


def test_another_clinics_rules_are_not_there(client, receptionist_elsewhere, harbour_rule):
    client.force_login(receptionist_elsewhere)

    assert "Harbour Street" not in words(page(client))
    assert page(client, "rule", harbour_rule.pk).status_code == 404


def test_reception_reads_the_rules_and_changes_none(client, receptionist, harbour_rule):
    client.force_login(receptionist)

    assert "Save as version" not in words(page(client, "rule", harbour_rule.pk))
    assert client.post(reverse("reminders:rule", args=[harbour_rule.pk]), FORM).status_code == 404
    assert client.post(reverse("reminders:rule-switch", args=[harbour_rule.pk]), {"on": "0"}).status_code == 404


def test_saving_makes_the_next_version_and_lists_who_saved_it(client, clinic_admin, harbour_rule):
    client.force_login(clinic_admin)
    changed = FORM | {"days": "4", "first": "email", "second": "sms", "number": "1", "text_en_sms": "See you {date}."}

    answer = client.post(reverse("reminders:rule", args=[harbour_rule.pk]), changed, follow=True)

    harbour_rule.refresh_from_db()
    version = harbour_rule.current
    assert (version.number, version.days, version.media) == (2, -4, ["email", "sms"])
    assert [(each.language, each.medium, each.body) for each in version.texts.all()] == [
        ("en", "sms", "See you {date}.")
    ]
    assert clinic_admin.get_full_name() in words(answer)
    assert "Version 1" in words(answer)


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"days": "801"}, "days", "less than or equal to 800"),
        ({"days": "two"}, "days", "whole number"),
        ({"at_time": "25:00"}, "at_time", "valid time"),
        ({"quiet_until": "20:00"}, "quiet_until", "Leave some time in which messages may be sent."),
        ({"latest_minutes_before": "-1"}, "latest_minutes_before", "greater than or equal to 0"),
        ({"second": "sms"}, "first", "Name the ways in order"),
        ({"first": "sms", "second": "sms"}, "first", "at most once"),
        ({"text_en_sms": "At {tme}"}, "text_en_sms", "There is no placeholder {tme}."),
        ({"text_en_sms": "For {service}"}, "text_en_sms", "Leave {service} out of an SMS"),
        ({"text_fr_email": "Le {date"}, "text_fr_email", "A brace stands alone"),
        ({"subject_en_email": "{service}", "text_en_email": "Hello"}, "subject_en_email", "Leave {service} out"),
        ({"subject_en_email": "Soon"}, "text_en_email", "Write the text that belongs to this subject"),
    ],
)
def test_what_needs_another_look_is_said_beside_its_field(client, clinic_admin, harbour_rule, typed, field, sentence):
    client.force_login(clinic_admin)

    answer = client.post(reverse("reminders:rule", args=[harbour_rule.pk]), FORM | {"number": "1"} | typed)

    assert answer.status_code == 422
    assert sentence in " ".join(answer.context["form"].errors[field])
    assert harbour_rule.versions.count() == 1


def test_a_change_on_top_of_somebody_elses_is_refused(client, clinic_admin, harbour_rule):
    client.force_login(clinic_admin)
    client.post(reverse("reminders:rule", args=[harbour_rule.pk]), FORM | {"number": "1"})

    answer = client.post(reverse("reminders:rule", args=[harbour_rule.pk]), FORM | {"number": "1", "days": "5"})

    assert "Somebody else changed this rule meanwhile" in words(answer)
    assert harbour_rule.versions.count() == 2


def test_the_groups_rule_is_not_one_clinics_to_change(client, clinic_admin, northgate, group_rule):
    client.force_login(clinic_admin)

    answer = client.post(reverse("reminders:rule", args=[group_rule.pk]), FORM | {"number": "1"})

    assert "This rule holds for every clinic. Make one for your own clinic instead." in words(answer)
    assert group_rule.versions.count() == 1


def test_a_rule_is_switched_off_and_on(client, clinic_admin, harbour_rule):
    client.force_login(clinic_admin)
    switch = reverse("reminders:rule-switch", args=[harbour_rule.pk])

    assert "off." in words(client.post(switch, {"on": "0", "number": "1"}, follow=True))
    assert "off already" in words(client.post(switch, {"on": "0"}, follow=True))
    assert "on." in words(client.post(switch, {"on": "1", "number": "2"}, follow=True))


def test_an_older_version_can_be_read_and_holds_again(client, clinic_admin, harbour_rule):
    client.force_login(clinic_admin)
    client.post(
        reverse("reminders:rule", args=[harbour_rule.pk]), FORM | {"number": "1", "days": "9", "text_en_sms": "Soon"}
    )

    assert "3 days before" in words(page(client, "rule-version", harbour_rule.pk, 1))
    client.post(reverse("reminders:rule-restore", args=[harbour_rule.pk, 1]), {"number": "2"})

    harbour_rule.refresh_from_db()
    assert (harbour_rule.current.number, harbour_rule.current.days) == (3, -3)
    assert page(client, "rule-version", harbour_rule.pk, 9).status_code == 404


def test_a_rule_for_fewer_visits_starts_as_the_broader_one_is(client, clinic_admin, harbour, consultation, group_rule):
    client.force_login(clinic_admin)
    narrower = reverse("reminders:rule-narrower", args=[group_rule.pk])
    scope = {"clinic": harbour.pk, "service": "", "appointment_type": consultation.pk}

    assert client.get(narrower).context["form"]["days"].value() == 2
    client.post(narrower, FORM | scope | {"days": "1"})

    made = Rule.objects.get(kind=Kind.UPCOMING, clinic=harbour, appointment_type=consultation)
    assert made.current.days == -1
    again = client.post(narrower, FORM | scope)
    assert "There is a rule of this kind for just these visits" in words(again)


def test_a_new_rule_must_say_for_whom(client, clinic_admin, harbour, consultation, group_rule):
    client.force_login(clinic_admin)
    narrower = reverse("reminders:rule-narrower", args=[group_rule.pk])
    both = {"clinic": harbour.pk, "service": consultation.service_id, "appointment_type": consultation.pk}

    assert "Choose whom the new rule is for" in words(client.post(narrower, FORM))
    assert "Choose a service or a type, not both" in words(client.post(narrower, FORM | both))


def test_the_editor_shows_the_words_that_come_with_carebridge_and_their_length(client, clinic_admin, harbour_rule):
    client.force_login(clinic_admin)

    answer = page(client, "rule", harbour_rule.pk)

    given = wording_in("en").text(Kind.UPCOMING, "sms").body
    assert answer.context["form"]["text_en_sms"].field.widget.attrs["placeholder"] == given
    assert "characters, 1 segment" in words(answer) or "characters, 2 segments" in words(answer)


def test_the_list_asks_as_often_for_three_rules_of_a_clinic_as_for_one(
    client, clinic_admin, harbour, harbour_rule, consultation
):
    client.force_login(clinic_admin)
    page(client)
    with CaptureQueriesContext(connection) as once:
        page(client)
    for kind in (Kind.BOOKED, Kind.SAME_DAY):
        save_rule(kind=kind, terms=Terms(), clinic=harbour, appointment_type=consultation, by=clinic_admin)

    with CaptureQueriesContext(connection) as thrice:
        page(client)

    assert len(thrice) == len(once)
