"""Planning visits to come anew: after a rule was changed, or when what a plan was counted from has moved."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from reminders import planning, reasons, rules, timing
from reminders.kinds import AFTER_VISIT, BEFORE_VISIT, MISSED
from reminders.models import Reminder, Rule, State
from scheduling.models import Appointment
from scheduling.models.appointment import UPCOMING

MAY_BE_PLANNED_AGAIN = frozenset(
    {
        reasons.CONFIRMATION_SAYS_IT,
        reasons.NO_TIME_LEFT,
        reasons.RULE_OFF,
        reasons.RULE_CHANGED,
        reasons.MOVED,
    }
)
"""Suppressed for these, a message may be needed after all; every other reason stands."""
AT_ONCE = 500


def replan(visits: Iterable[Appointment], *, now: datetime) -> int:
    """Bring what is planned before these visits in line with the rules as they are; what was sent stays sent.

    How many messages were written. Visits that aren't firm or have begun are left alone. A constant number of
    statements.
    """
    firm = [visit for row in visits if row.starts_at > now and (visit := planning.Visit.of_appointment(row)).is_firm]
    rows = Reminder.objects.filter(
        appointment__in=[each.appointment_id for each in firm], kind__in=BEFORE_VISIT, user=None
    )
    existing: dict[int | None, list[Reminder]] = defaultdict(list)
    for row in rows.select_related("version__rule"):
        existing[row.appointment_id].append(row)
    outdated: dict[str, list[int]] = defaultdict(list)
    missing: list[Reminder] = []
    for visit in firm:
        wanted = planning.drafts(visit, BEFORE_VISIT, now=now)
        missing += _compare(wanted, existing[visit.appointment_id], outdated)
    for reason, ids in outdated.items():
        Reminder.objects.filter(pk__in=ids, state=State.PLANNED).update(state=State.SUPPRESSED, reason=reason)
    planning.write(missing)
    return len(missing)


def _compare(
    wanted: Iterable[Reminder], existing: Iterable[Reminder], outdated: dict[str, list[int]]
) -> list[Reminder]:
    """What is missing; what is planned but no longer wanted is added to `outdated` under the reason."""
    by_place = {_place(each): each for each in wanted}
    settled = set()
    for row in existing:
        draft = by_place.get(_place(row))
        same = draft is not None and (draft.version_id, draft.starts_at) == (row.version_id, row.starts_at)
        if row.state == State.PLANNED and not same:
            outdated[_why_outdated(row, draft)].append(row.pk)
        elif same or row.state != State.SUPPRESSED or row.reason not in MAY_BE_PLANNED_AGAIN:
            settled.add(_place(row))
    return [draft for place, draft in by_place.items() if place not in settled]


def _place(row: Reminder) -> tuple[str, str]:
    return row.kind, row.version.rule.slot if row.version else ""


def _why_outdated(row: Reminder, draft: Reminder | None) -> str:
    if draft is None:
        return reasons.RULE_OFF
    return reasons.MOVED if draft.starts_at != row.starts_at else reasons.RULE_CHANGED


# --- After a rule was changed ---------------------------------------------------------------------------------------


def replan_changed_rules(*, seconds: float = 4.0) -> int:
    """Plan by rules that were changed since, for so long at most, and note how far that came. How many messages.

    A run that is killed does some visits again, which changes nothing.
    """
    until, changed = time.monotonic() + seconds, 0
    rules.forget()
    while time.monotonic() < until:
        with transaction.atomic():
            step = _next_step(timezone.now())
        if step is None:
            break
        changed += step
    return changed


def _next_step(now: datetime) -> int | None:
    """Some hundred visits, by all rules that have come equally far; None when no change waits."""
    due = list(Rule.objects.select_for_update(skip_locked=True).filter(replan_due_at__lte=now))
    if not due:
        return None
    place = min(rule.replanned_to for rule in due)
    together = [rule for rule in due if rule.replanned_to == place]
    before = [rule for rule in together if rule.kind in BEFORE_VISIT]
    visits = _visits_of(before, after=place)
    changed = replan(visits, now=now)
    if place == 0:
        changed += sum(_follow(rule, now) for rule in together if rule.kind in AFTER_VISIT | MISSED)
    Rule.objects.filter(pk__in=[rule.pk for rule in together]).update(
        replanned_to=visits[-1].pk if visits else 0, **({} if visits else {"replan_due_at": None})
    )
    return changed


def _visits_of(changed: Sequence[Rule], *, after: int) -> list[Appointment]:
    """Some hundred visits to come that these rules are about, by ascending id."""
    if not changed:
        return []
    scope = Q(pk__in=())
    for rule in changed:
        scope |= _scope(rule)
    to_come = Appointment.objects.filter(scope, pk__gt=after, starts_at__gt=timezone.now(), status__in=UPCOMING)
    return list(to_come.order_by("pk")[:AT_ONCE])


def _scope(rule: Rule) -> Q:
    about = {
        "clinic": rule.clinic_id,
        "appointment_type": rule.appointment_type_id,
        "appointment_type__service": rule.service_id,
    }
    return Q(pk__isnull=False, **{name: pk for name, pk in about.items() if pk is not None})


def _follow(rule: Rule, now: datetime) -> int:
    """Let messages planned for after a visit go by the rule that holds for them now, or not at all."""
    visits = Appointment.objects.filter(_scope(rule))
    waiting = Reminder.objects.filter(kind=rule.kind, state=State.PLANNED, user=None, appointment__in=visits)
    # Not those that are being claimed: they are as good as sent.
    mine = waiting.select_for_update(skip_locked=True, of=("self",))
    rows = list(mine.select_related("appointment", "version__rule"))
    for row in rows:
        _go_by_the_rule(row, now)
    Reminder.objects.bulk_update(rows, ["version", "state", "reason", "due_at", "not_after", "next_try_at"], AT_ONCE)
    return len(rows)


def _go_by_the_rule(row: Reminder, now: datetime) -> None:
    assert row.appointment is not None  # noqa: S101 - selected by it
    visit = planning.Visit.of_appointment(row.appointment)
    versions = rules.current_book().active(visit.clinic_id, visit.appointment_type_id, {row.kind})
    version = next((each for each in versions if _slot(row) == each.rule.slot), None)
    if version is None:
        row.state, row.reason = State.SUPPRESSED, reasons.RULE_OFF
        return
    when = timing.timed(row.kind, version, visit.times, now=now)
    row.version, row.due_at, row.not_after, row.next_try_at = version, when.due_at, when.not_after, when.due_at
    if when.reason:
        row.state, row.reason = State.SUPPRESSED, when.reason


def _slot(row: Reminder) -> str:
    return _place(row)[1]
