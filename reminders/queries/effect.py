"""What messages do: sent, delivered, confirmed and missed visits, by rule and medium, beside visits without any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from reminders.kinds import BEFORE_VISIT
from reminders.models import Kind, Medium, Reminder, Rule, RuleVersion, State
from reminders.models.rule import TO_STAFF
from reminders.rule_words import scope_name
from scheduling.models import Appointment, Status

# Visits are counted once for each line, however many messages of its rule they had. A reminder that went out in the
# words of another visit's counts as one for the last line.
GROUPED = """
    WITH told AS (
        SELECT version.rule_id, message.kind, message.medium, message.state, message.appointment_id,
               visit.status, visit.attendance_confirmed_at > message.sent_at AS confirmed
        FROM {reminder} message
        LEFT JOIN {version} version ON version.id = message.version_id
        LEFT JOIN {appointment} visit ON visit.id = message.appointment_id
        WHERE message.clinic_id = ANY(%(clinics)s) AND message.due_at >= %(since)s AND message.due_at < %(until)s
          AND message.kind <> ALL(%(staff)s) AND message.state = ANY(%(gone)s)
    )
    SELECT rule_id, kind, medium,
           count(*) FILTER (WHERE state = ANY(%(sent)s)) AS sent,
           count(*) FILTER (WHERE state = 'delivered') AS delivered,
           count(*) FILTER (WHERE state = 'failed') AS failed,
           count(DISTINCT appointment_id) FILTER (WHERE state = ANY(%(sent)s)) AS visits,
           count(DISTINCT appointment_id) FILTER (WHERE confirmed AND state = ANY(%(sent)s)) AS confirmed,
           count(DISTINCT appointment_id) FILTER (WHERE status = ANY(%(over)s) AND state = ANY(%(sent)s)) AS past,
           count(DISTINCT appointment_id) FILTER (WHERE status = 'no_show' AND state = ANY(%(sent)s)) AS missed
    FROM told GROUP BY rule_id, kind, medium
    UNION ALL
    SELECT NULL, '', '', 0, 0, 0, count(*), count(visit.attendance_confirmed_at),
           count(*), count(*) FILTER (WHERE visit.status = 'no_show')
    FROM {appointment} visit
    WHERE visit.clinic_id = ANY(%(clinics)s) AND visit.starts_at >= %(since)s AND visit.starts_at < %(until)s
      AND visit.status = ANY(%(over)s) AND NOT EXISTS (
        SELECT 1 FROM {reminder} message WHERE message.appointment_id = visit.id
        AND message.kind = ANY(%(before)s) AND message.state = ANY(%(reached)s))
"""
SENT = [State.SENT.value, State.DELIVERED.value]


@dataclass(frozen=True, slots=True)
class Effect:
    """One line: counts, and shares in percent, None where there is nothing to take a share of.

    `visits` had a message of the line; of the `past` ones among them it is known whether the patient came.
    """

    kind: str
    scope: str
    medium: str
    sent: int
    delivered: int
    failed: int
    visits: int
    confirmed: int
    past: int
    missed: int

    @property
    def name(self) -> str:
        return Kind(self.kind).label if self.kind else "No reminder"

    @property
    def delivered_share(self) -> float | None:
        """None for letters: nobody reports that one has arrived."""
        if self.medium == Medium.LETTER.label:
            return None
        return share(self.delivered, self.sent)

    @property
    def confirmed_share(self) -> float | None:
        return share(self.confirmed, self.visits)

    @property
    def missed_share(self) -> float | None:
        return share(self.missed, self.past)


def share(part: int, whole: int) -> float | None:
    """Percent with one decimal."""
    return round(100 * part / whole, 1) if whole else None


def effects(clinic_ids: Sequence[int], *, since: datetime, until: datetime) -> list[Effect]:
    """Lines in the order of kinds, the widest rules first; the last one is visits that nobody was reminded of.

    Messages count by when they were due, visits without any by their start; both instants are aware. Two statements.
    """
    with connection.cursor() as cursor:
        cursor.execute(_sql(), _params(clinic_ids, since, until))
        found = cursor.fetchall()
    named = Rule.objects.select_related("clinic", "service", "appointment_type__service")
    scopes = {each.pk: scope_name(each) for each in named.filter(pk__in={row[0] for row in found if row[0]})}
    lines = [_line(row, scopes) for row in found]
    order = {**{kind.value: n for n, kind in enumerate(Kind)}, "": len(Kind)}
    return sorted(lines, key=lambda line: (order[line.kind], line.scope != "Whole group", line.scope, line.medium))


def _line(row: Sequence[Any], scopes: Mapping[int, str]) -> Effect:
    rule_id, kind, medium, *counts = row
    scope = scopes.get(rule_id, "Sent by hand") if kind else ""
    return Effect(kind, scope, Medium(medium).label if medium else "", *counts)


def _sql() -> str:
    tables = {"reminder": Reminder, "version": RuleVersion, "appointment": Appointment}
    return GROUPED.format(**{name: model._meta.db_table for name, model in tables.items()})


def _params(clinic_ids: Sequence[int], since: datetime, until: datetime) -> Mapping[str, Any]:
    return {
        "clinics": list(clinic_ids),
        "since": since,
        "until": until,
        "staff": [kind.value for kind in TO_STAFF],
        "before": [kind.value for kind in BEFORE_VISIT],
        "sent": SENT,
        "gone": [*SENT, State.FAILED.value],
        "reached": [*SENT, State.JOINED.value],
        "over": [Status.COMPLETED.value, Status.NO_SHOW.value],
    }
