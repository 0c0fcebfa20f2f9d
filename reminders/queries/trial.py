"""What a rule, saved or not, would do for a real visit: when it goes and why then, by which way, what it says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils import timezone

from carebridge.accounts.models import User
from reminders import rules, timing
from reminders.kinds import TELLING
from reminders.messages import Draft, preview
from reminders.models import Kind, Medium, Rule, RuleVersion
from reminders.models.rule import TO_STAFF
from reminders.planning import Visit
from reminders.reasons import words_for
from reminders.routing import Route, blocks_of, media_for
from reminders.rule_words import moment_words
from reminders.segments import Length, length_of
from reminders.transports.base import Outgoing
from reminders.wording import language_for
from scheduling.models import Appointment, Status
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission

EXPECTED = (Status.CONFIRMED, Status.REQUIRES_REVIEW)


@dataclass(frozen=True)
class Trial:
    """The answer. `at` is the clinic's local time, None when it wouldn't go; `why` a sentence."""

    visit: Appointment
    at: datetime | None
    why: str
    route: Route
    route_words: str
    message: Outgoing
    language: str
    length: Length | None
    closer: str


def visits_to_try(user: User, rule: Rule) -> QuerySet[Appointment]:
    """Visits of the rule's scope whose patients the user may see, soonest first."""
    rows = Appointment.objects.visible_to(user).filter(clinic__in=clinic_ids_with(user, Permission.SEE_PATIENTS))
    if rule.clinic_id:
        rows = rows.filter(clinic=rule.clinic_id)
    if rule.appointment_type_id:
        rows = rows.filter(appointment_type=rule.appointment_type_id)
    if rule.service_id:
        rows = rows.filter(appointment_type__service=rule.service_id)
    related = ("clinic", "doctor", "patient", "moved_from", "appointment_type__service")
    return rows.select_related(*related).order_by("starts_at", "pk")


def next_visit(user: User, rule: Rule) -> Appointment | None:
    """The next one that is expected."""
    return visits_to_try(user, rule).filter(starts_at__gt=timezone.now(), status__in=EXPECTED).first()


def try_out(
    version: RuleVersion, draft: Draft, visit: Appointment, *, by: User, medium: str = "", language: str = ""
) -> Trial:
    """What an unsaved version would do for the visit. Without `medium` or `language`, as the patient would get it.

    Raises WordingError for a text that can't be filled in.
    """
    to_staff = draft.kind in TO_STAFF
    route = Route((Medium.EMAIL,)) if to_staff else media_for(visit.patient, version, blocks_of(visit.patient))
    way = medium or (route.media[0] if route.media else Medium.SMS)
    spoken = "en" if to_staff else language or language_for(visit.patient.language)
    message = preview(draft, visit, way, spoken, reader=by if to_staff else None)
    at, why = when(version, draft.kind, visit)
    length = length_of(message.text) if message.medium == Medium.SMS else None
    words = "By the way that each person chose" if to_staff else _route_words(route)
    return Trial(visit, at, why, route, words, message, spoken, length, _closer(version.rule, visit))


def when(version: RuleVersion, kind: str, visit: Appointment) -> tuple[datetime | None, str]:
    """When it would go, on the clinic's clock, and why then; None and why not when it wouldn't.

    As if what it tells of happened now, and otherwise as planned when the visit was booked.
    """
    times = Visit.of_appointment(visit).times
    now = timezone.now() if kind in TELLING else times.booked_at
    told_at = now if kind in TELLING else None
    found = timing.timed(kind, version, times, now=now, told_at=told_at)
    if not version.is_active:
        return None, "The rule is off: nothing is sent where it holds."
    if kind == Kind.PREPARATION and not visit.appointment_type.preparation.strip():
        return None, "There is nothing to prepare for visits of this type."
    if found.reason:
        return None, f"{words_for(found.reason)}."
    zone = times.zone
    wanted = timing.moment(version, timing.anchor_of(kind, times, told_at), zone)
    return found.due_at.astimezone(zone), _why(version, kind, wanted.astimezone(zone), found.due_at, zone)


def _why(version: RuleVersion, kind: str, wanted: datetime, due_at: datetime, zone: ZoneInfo) -> str:
    said = moment_words(kind, version)
    if due_at == wanted:
        return f"{said}."
    rule = f"{said} is {wanted:%a %-d %b, %H:%M}"
    quiet = f"quiet hours ({version.quiet_from:%H:%M} to {version.quiet_until:%H:%M})"
    if due_at < wanted:
        return f"{rule}: to wait that long would be too late, so it goes before."
    if timing.is_quiet(version, wanted, zone):
        return f"{rule}: in {quiet}, so it waits until they end."
    return f"{rule}: the visit was booked after that, so it goes as soon as it may."


def _route_words(route: Route) -> str:
    if not route.media:
        return f"By no way: {words_for(route.reason).lower()}"
    return ", if that fails ".join(medium.label for medium in route.media)


def _closer(rule: Rule, visit: Appointment) -> str:
    """Who comes before this rule for the visit, "" when nobody does."""
    book = rules.current_book(knowing_type=visit.appointment_type_id)
    rivals = book.covering(visit.clinic_id, visit.appointment_type_id, rule.kind)
    best = next((each for each in rivals if each.slot == rule.slot), None)
    if best is None or best.pk == rule.pk or rules.specificity(best) <= rules.specificity(rule):
        return ""
    return f"For this visit the rule {rules.scope_words(best)} is closer, and holds instead."
