"""The recurring week of a doctor, a room or a device: its sessions and its breaks.

One-off changes are elsewhere: `scheduling.roster.blocks`, `scheduling.roster.extra_sessions`, and
`scheduling.roster.opening` for clinics.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar, Unpack

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.db import command
from carebridge.errors import InvalidInput, NotFound
from scheduling.models import AppointmentType, Clinic, RecurringBreak, Resource, WorkingHours
from scheduling.models.fields import Weekday
from scheduling.models.roster import WeeklyRow
from scheduling.roster.displacement import carry_out
from scheduling.roster.overlap import require_serves
from scheduling.roster.revisions import WeeklyChanges, changed, changing, types_after
from scheduling.roster.rights import require_roster

W = TypeVar("W", WorkingHours, RecurringBreak)


@command()
def add_working_hours(
    *,
    resource: Resource,
    clinic: Clinic,
    weekday: int,
    starts: time,
    ends: time,
    valid_from: date,
    by: User | None,
    valid_until: date | None = None,
    every_weeks: int = 1,
    appointment_types: Collection[AppointmentType] = (),
    note: str = "",
) -> WorkingHours:
    """Let a resource work at a clinic, week after week, between two local times (Monday is 0).

    Every n weeks counts from the week of `valid_from`; `valid_until` is the last day. Empty `appointment_types`: any
    that it performs. Raises InvalidInput, RosterConflict (overlap, or no time to travel), NotAllowed, Busy.
    """
    hours = WorkingHours(
        resource=resource,
        clinic=clinic,
        weekday=weekday,
        starts=starts,
        ends=ends,
        every_weeks=every_weeks,
        valid_from=valid_from,
        valid_until=valid_until,
        note=note,
    )
    return _save(None, hours, types=frozenset(each.pk for each in appointment_types), by=by)


@command()
def change_working_hours(*, hours: WorkingHours, by: User | None, **changes: Unpack[WeeklyChanges]) -> WorkingHours:
    """Change a session from now on; visits to come that no longer fit move to review, others come back.

    Raises NotFound, InvalidInput, RosterConflict, NotAllowed, Busy.
    """
    old = _current(WorkingHours, hours)
    return _save(old, changed(old, changes), types=types_after(old, changes), by=by)


@command()
def end_working_hours(*, hours: WorkingHours, by: User | None, valid_until: date | None = None) -> None:
    """Let a session end after a local day, by default yesterday. One that has not begun by then is removed.

    Visits to come in it move to review. Raises NotFound, NotAllowed, Busy.
    """
    _end(_current(WorkingHours, hours), valid_until, by=by)


@command()
def add_break(
    *,
    resource: Resource,
    clinic: Clinic,
    weekday: int,
    starts: time,
    ends: time,
    valid_from: date,
    by: User | None,
    valid_until: date | None = None,
    every_weeks: int = 1,
    label: str = "Break",
) -> RecurringBreak:
    """Keep a local time of the week free, such as lunch. Visits to come in it move to review.

    Raises InvalidInput, NotAllowed, Busy.
    """
    row = RecurringBreak(
        resource=resource,
        clinic=clinic,
        weekday=weekday,
        starts=starts,
        ends=ends,
        every_weeks=every_weeks,
        valid_from=valid_from,
        valid_until=valid_until,
        label=label,
    )
    return _save(None, row, by=by)


@command()
def change_break(*, row: RecurringBreak, by: User | None, **changes: Unpack[WeeklyChanges]) -> RecurringBreak:
    """Change a break from now on. Raises NotFound, InvalidInput, NotAllowed, Busy."""
    old = _current(RecurringBreak, row)
    return _save(old, changed(old, changes), by=by)


@command()
def remove_break(*, row: RecurringBreak, by: User | None, valid_until: date | None = None) -> None:
    """Let a break end after a local day, by default yesterday; visits in review that fit again return.

    Raises NotFound, NotAllowed, Busy.
    """
    _end(_current(RecurringBreak, row), valid_until, by=by)


def _save(old: W | None, new: W, *, by: User | None, types: frozenset[int] = frozenset()) -> W:
    """Put the new row in the place of the old one (None: beside the others)."""
    _require_sane(new)
    require_roster(by, {new.clinic_id} | ({old.clinic_id} if old else set()))
    require_serves(new.resource, new.clinic)

    def write() -> W:
        new.save(force_insert=old is None)
        if isinstance(new, WorkingHours):
            new.appointment_types.set(types)
        return new

    return carry_out(
        changing(old, new, types),
        kind=f"roster.{_noun(new)}_{'changed' if old else 'added'}",
        by=by,
        at=timezone.now(),
        write=write,
        facts=_facts(new),
    )


def _end(row: W, valid_until: date | None, *, by: User | None) -> None:
    require_roster(by, [row.clinic_id])
    last = valid_until or datetime.now(UTC).astimezone(row.clinic.zone).date() - timedelta(days=1)
    ended = changed(row, {"valid_until": last}) if last >= row.valid_from else None

    def write() -> None:
        if ended is None:
            row.delete()
        else:
            ended.save(update_fields=["valid_until"])

    carry_out(
        changing(row, ended, types_after(row, {})),
        kind=f"roster.{_noun(row)}_ended",
        by=by,
        at=timezone.now(),
        write=write,
        facts=_facts(row) | {"valid_until": last.isoformat()},
    )


def _require_sane(row: WeeklyRow) -> None:
    if row.weekday not in Weekday.values:
        raise InvalidInput("Choose a day of the week.", fields={"weekday": "Monday is 0, Sunday 6."})
    if row.ends <= row.starts:
        raise InvalidInput(
            "The end must come after the start.", code="not_in_order", fields={"ends": "Must be after the start."}
        )
    if not 1 <= row.every_weeks <= 26:
        raise InvalidInput("Use a rhythm of 1 to 26 weeks.", fields={"every_weeks": "1 to 26."})
    if row.valid_until and row.valid_until < row.valid_from:
        raise InvalidInput("The last day must not be before the first.", fields={"valid_until": "Too early."})


def _current(model: type[W], row: W) -> W:
    current: Any = model._default_manager.select_related("resource__doctor", "clinic").filter(pk=row.pk).first()
    if current is None:
        raise NotFound("This row of the roster is gone.")
    return current


def _noun(row: WeeklyRow) -> str:
    return "hours" if isinstance(row, WorkingHours) else "break"


def _facts(row: WeeklyRow) -> dict[str, object]:
    return {
        "row": row.pk,
        "clinic": row.clinic_id,
        "weekday": row.weekday,
        "local_time": f"{row.starts:%H:%M}-{row.ends:%H:%M}",
        "every_weeks": row.every_weeks,
        "valid": f"{row.valid_from}/{row.valid_until or ''}",
    }
