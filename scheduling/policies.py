"""What is allowed now: booking window, cut-offs, eligibility. Who may is `scheduling.permissions`."""

from __future__ import annotations

import zoneinfo
from datetime import datetime, timedelta
from typing import Protocol

from scheduling import periods


class SetsWindow(Protocol):
    """An appointment type, or the booking numbers of one; None means that the clinic's number holds."""

    @property
    def min_notice_minutes(self) -> int | None: ...
    @property
    def max_advance_days(self) -> int | None: ...


class ClinicWindow(Protocol):
    """A clinic, or the booking numbers of one."""

    @property
    def min_notice_minutes(self) -> int: ...
    @property
    def max_advance_days(self) -> int: ...
    @property
    def zone(self) -> zoneinfo.ZoneInfo: ...


def booking_window(appointment_type: SetsWindow, clinic: ClinicWindow, now: datetime) -> tuple[datetime, datetime]:
    """The UTC instants between which a visit may start: `earliest <= start < latest`.

    Notice is elapsed minutes. The advance is counted in the clinic's local days and includes the whole last one,
    so a clock change moves no boundary.
    """
    notice, advance = appointment_type.min_notice_minutes, appointment_type.max_advance_days
    notice = clinic.min_notice_minutes if notice is None else notice
    advance = clinic.max_advance_days if advance is None else advance
    last_day = now.astimezone(clinic.zone).date() + timedelta(days=advance)
    return now + timedelta(minutes=notice), periods.local_day_bounds(last_day, clinic.zone)[1]
