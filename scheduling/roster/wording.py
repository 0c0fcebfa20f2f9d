"""Why a visit no longer fits, in words for staff: the same whether the cause has just come or is the one still left."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models

from scheduling.models import Allocation, Clinic, ClinicClosure, RecurringBreak, Resource, ScheduleBlock
from scheduling.periods import local_span
from scheduling.roster.consequences import collides, open_problems
from scheduling.roster.facts import Problem, load_roster_facts

COLLIDES = "A change of the clocks' law moved this visit onto another"
TABLES: dict[str, type[models.Model]] = {
    "clinic_closed": ClinicClosure,
    "blocked": ScheduleBlock,
    "on_break": RecurringBreak,
}
"""Problems that come from a row of their own."""
WEIGHTIEST_FIRST = ("clinic_out_of_use", "clinic_closed", "out_of_use", "blocked", "on_break", "outside_hours")


def still_against(appointment_ids: Collection[int]) -> dict[int, list[str]]:
    """What speaks against each of these visits as the roster now stands, the weightiest first; those that fit left out.

    Reads only: the caller holds the locks. Rules that somebody set aside for a visit don't count.
    """
    allocations = _live(appointment_ids)
    if not allocations:
        return {}
    day = timedelta(days=1)
    first = min(each.during.lower for each in allocations).astimezone(UTC).date() - day
    last = max(each.during.upper for each in allocations).astimezone(UTC).date() + day
    facts = load_roster_facts({each.resource_id for each in allocations}, first, last)
    found = [(each, problem) for each in allocations for problem in open_problems(facts, each)]
    found.sort(key=lambda pair: (WEIGHTIEST_FIRST.index(pair[1][0]), pair[1][1] or 0))
    rows = _rows({problem for _, problem in found})
    words: dict[int, list[str]] = {}
    for allocation, problem in found:
        words.setdefault(allocation.appointment_id, []).append(_say(allocation, problem, rows.get(problem)))
    for allocation in filter(collides, allocations):
        words.setdefault(allocation.appointment_id, []).append(COLLIDES)
    return words


def _live(appointment_ids: Collection[int]) -> list[Allocation]:
    live = Allocation.objects.filter(appointment__in=appointment_ids, released_at__isnull=True).order_by("pk")
    return list(live.select_related("appointment__clinic", "resource__doctor"))


def _rows(problems: Collection[Problem]) -> dict[Problem, models.Model]:
    found: dict[Problem, models.Model] = {}
    for code, model in TABLES.items():
        keys = [key for each, key in problems if each == code]
        found |= {(code, pk): row for pk, row in model._default_manager.in_bulk(keys).items()} if keys else {}
    return found


def _say(allocation: Allocation, problem: Problem, row: Any) -> str:
    clinic, resource = allocation.appointment.clinic, allocation.resource
    match problem[0]:
        case "clinic_out_of_use":
            return out_of_use(clinic)
        case "out_of_use":
            return out_of_use(resource)
        case "clinic_closed":
            return closed(clinic, [row], clinic.zone)
        case "blocked":
            return blocked(resource, row, clinic.zone)
        case "on_break":
            return broken_off(resource, row)
    return f"{calling(resource)}: outside working hours"


def calling(resource: Resource) -> str:
    """What staff call a resource: "Dr Petrova", "Room 3"."""
    doctor = getattr(resource, "doctor", None)
    return doctor.short_name if doctor else resource.name


def out_of_use(subject: Resource | Clinic) -> str:
    """Room 3: out of use."""
    return f"{calling(subject) if isinstance(subject, Resource) else subject}: out of use"


def blocked(resource: Resource, block: ScheduleBlock, zone: ZoneInfo) -> str:
    """Dr Petrova: emergency block 15:00 to 16:00, or whole local days by their dates."""
    kind = block.get_kind_display().lower()
    return f"{calling(resource)}: {kind} {_when(block.starts_at, block.ends_at, zone)}"


def closed(clinic: Clinic, closures: Collection[ClinicClosure], zone: ZoneInfo) -> str:
    """Harbour Street: closed 08:00 to 12:00, burst pipe."""
    times = ", ".join(local_span(row.starts_at, row.ends_at, zone) for row in closures)
    return f"{clinic}: closed {times}, {next(iter(closures)).reason}"


def broken_off(resource: Resource, row: RecurringBreak) -> str:
    """Dr Petrova: lunch on Mondays."""
    return f"{calling(resource)}: {row.label.lower()} on {row.get_weekday_display()}s"


def _when(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> str:
    begin, finish = starts_at.astimezone(zone), ends_at.astimezone(zone)
    if begin.time() == finish.time() == datetime.min.time():
        last = finish - timedelta(days=1)
        return f"{begin:%-d %b}" if begin.date() == last.date() else f"{begin:%-d %b} to {last:%-d %b}"
    return local_span(starts_at, ends_at, zone)
