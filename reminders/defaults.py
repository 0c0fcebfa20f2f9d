"""The rules that come with CareBridge: for the whole group, until somebody says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any

from django.apps import apps as current_apps
from django.utils import timezone

from reminders.models import Kind

HOUR, DAY = 60, 24 * 60
EARLY = {"quiet_until": time(7)}
ON_DUTY = {"quiet_from": time(22), "quiet_until": time(6), "latest_minutes_before": 0}

DEFAULTS: Mapping[Kind, Mapping[str, Any]] = {
    Kind.BOOKED: {"latest_minutes_before": 0},
    Kind.PREPARATION: {"days": -3, "at_time": time(10)},
    Kind.CONFIRM_REQUEST: {"days": -5, "at_time": time(11), "skip_when_booked_within": 3 * DAY},
    Kind.UPCOMING: {"days": -2, "skip_when_booked_within": DAY},
    Kind.SAME_DAY: {"at_time": time(7, 30), "skip_when_booked_within": 12 * HOUR, **EARLY},
    Kind.RESCHEDULED: {"latest_minutes_before": 0, **EARLY},
    Kind.CANCELLED: {"latest_minutes_before": 0, **EARLY},
    Kind.OFFER: {"latest_minutes_before": 0},
    Kind.INVITATION: {"latest_minutes_before": 0},
    Kind.NO_SHOW: {"days": 1, "at_time": time(10)},
    Kind.THANKS: {"minutes": 2 * HOUR},
    Kind.FOLLOW_UP: {"days": 14, "at_time": time(10), "is_active": False},
    Kind.RECALL: {"months": 6, "at_time": time(10), "is_active": False},
    Kind.FEEDBACK: {"days": 1, "at_time": time(17), "is_active": False},
    Kind.STAFF_CHANGE: ON_DUTY,
    Kind.STAFF_TOMORROW: {"days": -1, "at_time": time(18), **ON_DUTY},
}


def install_defaults(*, apps: Any = current_apps, **signal: Any) -> None:
    """Write the rules that are missing. Visits to come are planned by them in the next minutes.

    Run after every `migrate` and flush, as Django's own permissions are; `apps` then is the state reached, which
    may lack our tables.
    """
    try:
        rule_model, version_model = (apps.get_model("reminders", name) for name in ("Rule", "RuleVersion"))
    except LookupError:
        return
    scope = {"slot": "main", "clinic": None, "service": None, "appointment_type": None}
    there = set(rule_model.objects.filter(**scope).values_list("kind", flat=True))
    for kind, terms in DEFAULTS.items():
        if kind.value not in there:
            rule = rule_model.objects.create(kind=kind.value, replan_due_at=timezone.now(), **scope)
            rule.current = version_model.objects.create(rule=rule, number=1, **terms)
            rule.save(update_fields=["current"])
