"""The rules as a list: by kind, each in words; of one clinic and type also which of them holds, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from carebridge.accounts.models import User
from reminders import rules
from reminders.models import Kind, Rule
from reminders.rule_words import moment_words, quiet_words, scope_name, way_words


@dataclass(frozen=True, slots=True)
class Line:
    """A rule in words. `holds` and `why` are about the chosen clinic and type; without a choice `why` is empty."""

    rule: Rule
    scope: str
    moment: str
    quiet: str
    way: str
    may_edit: bool
    holds: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """The rules of one kind."""

    kind: Kind
    lines: Sequence[Line]


def visible_rules(user: User) -> QuerySet[Rule]:
    """Rules that the user may see, with what their words need, and how many texts of their own they have."""
    rows = Rule.objects.visible_to(user).filter(current__isnull=False)
    named = rows.select_related("current__saved_by", "clinic", "service", "appointment_type__service")
    return named.annotate(own_texts=Count("current__texts"))


def sections_of(
    user: User, editable: Mapping[int | None, bool], *, clinic_id: int | None = None, type_id: int | None = None
) -> Sequence[Section]:
    """Every kind with its rules, the broadest first. With a clinic and a type only those that cover such visits.

    Two statements, two more for a choice. `editable` says of which clinics the user changes rules; None: the group's.
    """
    rows = {row.pk: row for row in visible_rules(user)}
    if clinic_id is None or type_id is None:
        lines = [line_of(row, editable) for row in sorted(rows.values(), key=rules.specificity)]
    else:
        lines = [
            line_of(rows[each.rule.pk], editable, holds=each.wins, why=each.why)
            for each in rules.explain_all(clinic_id=clinic_id, appointment_type_id=type_id)
            if each.rule.pk in rows
        ]
    by_kind = [Section(kind, [each for each in lines if each.rule.kind == kind]) for kind in Kind]
    return [section for section in by_kind if section.lines]


def line_of(rule: Rule, editable: Mapping[int | None, bool], *, holds: bool = False, why: str = "") -> Line:
    """One rule in words. It must have a current version."""
    version = rule.current
    assert version is not None  # noqa: S101 - visible_rules
    return Line(
        rule,
        scope_name(rule),
        moment_words(rule.kind, version),
        quiet_words(version),
        way_words(rule.kind, version.media),
        editable.get(rule.clinic_id, False),
        holds,
        why,
    )
