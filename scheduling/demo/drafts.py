"""Appointments in the making: what they take, what happened to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from carebridge.accounts.models import User
from scheduling.demo.horizon import Span
from scheduling.models import AppointmentType, Status
from scheduling.models.fields import GRID_MINUTES


@dataclass(slots=True)
class Part:
    """What a visit takes of one resource, in cells; requirement None is the doctor."""

    resource_id: int
    requirement_id: int | None
    core: Span
    during: Span
    overbooked: bool = False


@dataclass(slots=True)
class Event:
    """One entry of a visit's history; `source` is the door it came through."""

    at: datetime
    kind: str
    old: str | None
    new: str | None
    by: User | None = None
    source: str = ""


@dataclass(slots=True)
class Visit:
    """One appointment in the making. Cells count from the horizon's first; times are UTC."""

    patient: int
    kind: AppointmentType
    doctor_id: int
    clinic_id: int
    start: int
    minutes: int
    before: int
    after: int
    parts: list[Part]
    status: str = Status.CONFIRMED
    fields: dict[str, Any] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    cancellation: dict[str, Any] | None = None
    released_at: datetime | None = None
    moved_from: Visit | None = None
    pk: int = 0

    @property
    def end(self) -> int:
        return self.start + self.minutes // GRID_MINUTES

    @property
    def span(self) -> Span:
        return self.start, self.end
