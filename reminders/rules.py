"""Which rule holds for an appointment, and why: the most specific one of each kind and slot."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from reminders.models import Kind, Rule, RuleVersion
from scheduling.models import AppointmentType

FRESH_SECONDS = 10
"""How long a process may go on with the rules it has read: a booking asks the database nothing about them."""


class TypeFacts(NamedTuple):
    """What rules need to know of an appointment type."""

    service_id: int
    has_preparation: bool


@dataclass(frozen=True)
class Candidate:
    """A rule that covers an appointment, and how it fared against the others of its kind and slot."""

    rule: Rule
    wins: bool
    why: str


@dataclass(frozen=True)
class RuleBook:
    """All rules with their current versions, as read at one moment."""

    rules: tuple[Rule, ...]
    types: Mapping[int, TypeFacts]
    read_at: float
    _winners: dict[tuple[int, int], tuple[Rule, ...]] = field(default_factory=dict)

    def winners(self, clinic_id: int, appointment_type_id: int) -> tuple[Rule, ...]:
        """The rule that holds for each kind and slot, switched off or not. One of PREPARATION only if there is any."""
        key = (clinic_id, appointment_type_id)
        if key not in self._winners:
            best: dict[tuple[str, str], Rule] = {}
            for rule in self.covering(clinic_id, appointment_type_id):
                best.setdefault((rule.kind, rule.slot), rule)
            self._winners[key] = tuple(best.values())
        return self._winners[key]

    def active(self, clinic_id: int, appointment_type_id: int, kinds: Collection[str]) -> list[RuleVersion]:
        """The versions by which messages of these kinds are to be planned, each with its rule."""
        return [
            version
            for rule in self.winners(clinic_id, appointment_type_id)
            if rule.kind in kinds and (version := rule.current) is not None and version.is_active
        ]

    def covering(self, clinic_id: int, appointment_type_id: int, kind: str | None = None) -> list[Rule]:
        """Rules that are for this clinic and type, or for more than them; the most specific first."""
        kind_of_visit = self.types.get(appointment_type_id)
        fitting = (
            rule
            for rule in self.rules
            if (kind is None or rule.kind == kind)
            and rule.clinic_id in (None, clinic_id)
            and rule.appointment_type_id in (None, appointment_type_id)
            and (rule.service_id is None or (kind_of_visit is not None and rule.service_id == kind_of_visit.service_id))
            and (rule.kind != Kind.PREPARATION or kind_of_visit is None or kind_of_visit.has_preparation)
        )
        return sorted(fitting, key=specificity, reverse=True)


def specificity(rule: Rule) -> tuple[bool, bool, bool]:
    """How closely a rule describes its appointments: type weighs more than service, service more than clinic."""
    return rule.appointment_type_id is not None, rule.service_id is not None, rule.clinic_id is not None


_book: RuleBook | None = None


def current_book(*, knowing_type: int | None = None) -> RuleBook:
    """The rules as they are now, or were at most ten seconds ago; read afresh when `knowing_type` is new."""
    global _book
    book = _book
    stale = book is None or time.monotonic() - book.read_at > FRESH_SECONDS
    if book is None or stale or (knowing_type is not None and knowing_type not in book.types):
        _book = book = read_book()
    return book


def forget() -> None:
    """Make the next question in this process read the rules again."""
    global _book
    _book = None


def read_book() -> RuleBook:
    """All rules and types, in two statements."""
    types = AppointmentType.objects.values_list("pk", "service_id", "preparation")
    rules = Rule.objects.filter(current__isnull=False).select_related("current")
    for rule in rules:
        # So that a version leads to its rule without asking again.
        rule.current.rule = rule  # type: ignore[union-attr]
    return RuleBook(
        tuple(rules), {pk: TypeFacts(service, bool(text.strip())) for pk, service, text in types}, time.monotonic()
    )


def explain(*, kind: str, clinic_id: int, appointment_type_id: int) -> list[Candidate]:
    """Every rule of a kind that covers such an appointment, winners first, each with the reason. Read afresh."""
    return _explained(read_book().covering(clinic_id, appointment_type_id, kind))


def explain_all(*, clinic_id: int, appointment_type_id: int) -> list[Candidate]:
    """As `explain`, for all kinds at once."""
    book = read_book()
    return [each for kind in Kind for each in _explained(book.covering(clinic_id, appointment_type_id, kind))]


def _explained(covering: list[Rule]) -> list[Candidate]:
    first: dict[str, Rule] = {}
    for rule in covering:
        first.setdefault(rule.slot, rule)
    found = [Candidate(rule, rule is first[rule.slot], _why(rule, first[rule.slot], covering)) for rule in covering]
    return sorted(found, key=lambda each: (each.rule.slot, not each.wins))


def _why(rule: Rule, winner: Rule, covering: Iterable[Rule]) -> str:
    if rule is not winner:
        return f"Set aside: the rule {scope_words(winner)} is closer to this visit."
    if any(other.slot == rule.slot and other is not rule for other in covering):
        return f"It holds: a rule {scope_words(rule)} goes before every broader one."
    return f"It holds: it is {scope_words(rule)}, and there is no closer one."


def scope_words(rule: Rule) -> str:
    """For whom a rule is, in words that begin with "for"."""
    parts = [
        "this type" if rule.appointment_type_id else "",
        "this service" if rule.service_id else "",
        "this clinic" if rule.clinic_id else "",
    ]
    named = [part for part in parts if part]
    return "for " + (" at ".join(named) if named else "the whole group")
