"""Changing when and how people are written to. Every version stays; visits to come are planned anew soon after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import time, timedelta

from django.db import transaction
from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.audit.trail import Action, log_change
from carebridge.db import command
from carebridge.errors import InvalidInput, NotAllowed
from reminders import placeholders, rules
from reminders.kinds import AFTER_VISIT, BEFORE_VISIT, MISSED
from reminders.models import Kind, Medium, MessageText, Rule, RuleVersion
from reminders.wording import LANGUAGES
from scheduling.errors import StaleVersion
from scheduling.models import AppointmentType, Clinic, Service
from scheduling.permissions import clinic_ids_with, role_at
from scheduling.roles import Permission

ALL_HAVE_IT = timedelta(seconds=rules.FRESH_SECONDS + 5)
"""After this every process plans new bookings by a change, so that planning the others anew leaves none out."""
MOST_MONTHS, MOST_DAYS, MOST_MINUTES = 60, 800, 14 * 24 * 60


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a version of a rule says, but for its words: the fields of RuleVersion."""

    is_active: bool = True
    months: int = 0
    days: int = 0
    minutes: int = 0
    at_time: time | None = None
    quiet_from: time = time(20)
    quiet_until: time = time(8)
    latest_minutes_before: int = 60
    skip_when_booked_within: int = 0
    media: tuple[str, ...] = ()

    @classmethod
    def of(cls, version: RuleVersion) -> Terms:
        """The terms of a saved version."""
        values = {field.name: getattr(version, field.name) for field in fields(cls)}
        return cls(**{**values, "media": tuple(version.media)})


@dataclass(frozen=True, kw_only=True)
class Words:
    """A clinic's own text for a language and a medium."""

    language: str
    medium: str
    body: str
    subject: str = ""


@command({"rule_once_per_scope": StaleVersion})
def save_rule(
    *,
    kind: str,
    terms: Terms,
    by: User | None,
    slot: str = "main",
    clinic: Clinic | None = None,
    service: Service | None = None,
    appointment_type: AppointmentType | None = None,
    texts: Sequence[Words] = (),
    number: int | None = None,
) -> RuleVersion:
    """Make the rule of this kind, slot and scope say this from now on; without such a rule there is one then.

    `number` is the version that the person saw. A rule of the whole group needs the right at every clinic. `by` None
    is the system. Raises NotAllowed, StaleVersion, InvalidInput, WordingError.
    """
    rule, _ = Rule.objects.get_or_create(
        kind=kind, slot=slot, clinic=clinic, service=service, appointment_type=appointment_type
    )
    rule = _lock(rule)

    _require(by, rule)
    _check_seen(rule, number)
    _check(kind, terms)
    _check_texts(texts)

    return _make_current(rule, terms, texts, by=by)


@command()
def switch_rule(*, rule: Rule, is_active: bool, by: User | None, number: int | None = None) -> RuleVersion:
    """Switch a rule off, so that nothing is sent where it wins, or on again: its words and times stay.

    Raises NotAllowed, StaleVersion, InvalidInput when there is nothing to switch.
    """
    rule = _lock(rule)

    _require(by, rule)
    _check_seen(rule, number)
    if rule.current is None or rule.current.is_active == is_active:
        raise InvalidInput(f"This rule is {'on' if is_active else 'off'} already.")

    terms = Terms(**{**asdict(Terms.of(rule.current)), "is_active": is_active})
    texts = [
        Words(language=each.language, medium=each.medium, subject=each.subject, body=each.body)
        for each in rule.current.texts.all()
    ]
    return _make_current(rule, terms, texts, by=by)


def may_edit(user: User, clinic_id: int | None) -> bool:
    """Whether the user may change rules of this clinic; None: those of the whole group."""
    held = set(clinic_ids_with(user, Permission.EDIT_REMINDERS))
    if clinic_id is not None:
        return clinic_id in held
    return bool(held) and set(Clinic.objects.active().values_list("pk", flat=True)) <= held


def _lock(rule: Rule) -> Rule:
    return Rule.objects.select_for_update(of=("self",)).select_related("current").get(pk=rule.pk)


def _require(by: User | None, rule: Rule) -> None:
    if by is not None and not may_edit(by, rule.clinic_id):
        raise NotAllowed(
            None if rule.clinic_id else "This rule holds for every clinic. Make one for your own clinic instead.",
            detail={"permission": Permission.EDIT_REMINDERS.value},
        )


def _check_seen(rule: Rule, number: int | None) -> None:
    if number is not None and number != (rule.current.number if rule.current else 0):
        raise StaleVersion("Somebody else changed this rule meanwhile. Nothing was saved: look at it again.")


def _make_current(rule: Rule, terms: Terms, texts: Sequence[Words], *, by: User | None) -> RuleVersion:
    before, now = rule.current, timezone.now()
    number = before.number + 1 if before else 1
    version = RuleVersion.objects.create(rule=rule, number=number, saved_by=by, **_columns(terms))
    MessageText.objects.bulk_create(MessageText(version=version, **asdict(each)) for each in texts)
    rule.current, rule.replan_due_at, rule.replanned_to = version, now + ALL_HAVE_IT, 0
    rule.save(update_fields=["current", "replan_due_at", "replanned_to"])

    _account(rule, before, version, len(texts), by=by)
    rules.forget()
    transaction.on_commit(rules.forget)
    return version


def _columns(terms: Terms) -> dict[str, object]:
    return {**asdict(terms), "media": list(terms.media)}


def _account(rule: Rule, before: RuleVersion | None, after: RuleVersion, texts: int, *, by: User | None) -> None:
    old = _columns(Terms.of(before)) if before else {}
    changes = {
        name: (old.get(name), new) for name, new in _columns(Terms.of(after)).items() if not before or old[name] != new
    }
    changes["version"] = (before.number if before else None, after.number)
    changes["own_texts"] = (before.texts.count() if before else 0, texts)
    log_change(
        rule,
        event="rule.saved",
        by=by,
        action=Action.UPDATE if before else Action.CREATE,
        changes=changes,
        clinic_id=rule.clinic_id,
        role=role_at(by, rule.clinic_id) if rule.clinic_id else "",
        facts={"kind": rule.kind, "scope": rules.scope_words(rule)},
    )


def _check(kind: str, terms: Terms) -> None:
    wrong: dict[str, str] = {}
    if kind not in Kind.values:
        wrong["kind"] = "There is no such kind of message."
    if abs(terms.days) > MOST_DAYS or abs(terms.minutes) > MOST_MINUTES:
        wrong["days"] = f"At most {MOST_DAYS} days and {MOST_MINUTES} minutes."
    if not 0 <= terms.months <= (MOST_MONTHS if kind in AFTER_VISIT | MISSED else 0):
        wrong["months"] = f"Months are counted after a visit, {MOST_MONTHS} at most."
    if kind in BEFORE_VISIT and (terms.days > 0 or terms.minutes > 0):
        wrong["days"] = "This message goes out before the visit: no days or minutes after it."
    if kind in AFTER_VISIT | MISSED and (terms.days < 0 or terms.minutes < 0):
        wrong["days"] = "This message goes out after the visit: no days or minutes before it."
    if terms.quiet_from == terms.quiet_until:
        wrong["quiet_until"] = "Leave some time in which messages may be sent."
    if terms.latest_minutes_before < 0 or terms.skip_when_booked_within < 0:
        wrong["latest_minutes_before"] = "Minutes can't be negative."
    if set(terms.media) - set(Medium.values) or len(set(terms.media)) != len(terms.media):
        wrong["media"] = "Name each of SMS, email and letter at most once."
    if wrong:
        raise InvalidInput(fields=wrong)


def _check_texts(texts: Sequence[Words]) -> None:
    """Raise unless each text may be sent; WordingError says what to change in it."""
    places = [(each.language, each.medium) for each in texts]
    if len(set(places)) != len(places):
        raise InvalidInput(fields={"texts": "There are two texts for one language and medium."})
    for each in texts:
        if each.language not in LANGUAGES or each.medium not in Medium.values:
            raise InvalidInput(fields={"texts": "There is no such language or medium."})
        placeholders.check_text(each.body, each.medium)
        placeholders.check_subject(each.subject)
