"""Finding a patient for a visit: of the right age and sex, new or known as the visit asks, and not elsewhere then."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING

from scheduling.demo.horizon import Span
from scheduling.demo.world import World
from scheduling.models import AppointmentType

if TYPE_CHECKING:
    from scheduling.demo.drafts import Visit

TRIES = 12
MOST_VISITS_AHEAD = 3


class Callers:
    """Remembers who has what booked, so that nobody is in two places and few have many visits ahead."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pools: dict[tuple, list[int]] = {}
        self._busy: dict[int, list[Span]] = defaultdict(list)
        self._seen: dict[str, set[int]] = defaultdict(set)
        self._returning: dict[tuple[int, str], list[int]] = defaultdict(list)
        self._ahead: dict[int, int] = defaultdict(int)

    def somebody_for(self, visit: Visit, day: date) -> int | None:
        """A patient for the visit, remembered as having it; None when nobody suitable calls."""
        service = visit.kind.service.name
        pool = self._pool(visit, service)
        for _ in range(TRIES if pool else 0):
            patient = self._world.rng.choice(pool)
            if self._may_come(patient, visit, service, day):
                self.remember(patient, visit)
                return patient
        return None

    def remember(self, patient: int, visit: Visit) -> None:
        """The patient has this visit from now on."""
        service = visit.kind.service.name
        self._busy[patient].append(visit.span)
        if visit.start > self._world.horizon.now_cell:
            self._ahead[patient] += 1
        if patient not in self._seen[service]:
            self._seen[service].add(patient)
            self._returning[visit.clinic_id, service].append(patient)

    def is_free(self, patient: int, span: Span) -> bool:
        """Whether the patient has nothing else at that time."""
        return not any(start < span[1] and span[0] < end for start, end in self._busy[patient])

    def _pool(self, visit: Visit, service: str) -> list[int]:
        if visit.kind.patient_kind == AppointmentType.PatientKind.RETURNING:
            return self._returning[visit.clinic_id, service]
        kind = visit.kind
        key = (visit.clinic_id, kind.min_age, kind.max_age, kind.sex)
        if key not in self._pools:
            self._pools[key] = [
                patient
                for patient in self._world.home_clinics[visit.clinic_id]
                if self._suits(patient, kind, self._world.horizon.first)
                and self._suits(patient, kind, self._world.horizon.last)
            ]
        return self._pools[key]

    def _suits(self, patient: int, kind: AppointmentType, day: date) -> bool:
        person = self._world.patients[patient]
        age = person.age_on(day)
        return (
            (kind.min_age is None or age >= kind.min_age)
            and (kind.max_age is None or age <= kind.max_age)
            and (not kind.sex or person.sex == kind.sex)
        )

    def _may_come(self, patient: int, visit: Visit, service: str, day: date) -> bool:
        if self._ahead[patient] >= MOST_VISITS_AHEAD and visit.start > self._world.horizon.now_cell:
            return False
        if visit.kind.patient_kind == AppointmentType.PatientKind.NEW and patient in self._seen[service]:
            return False
        return self.is_free(patient, visit.span) and self._suits(patient, visit.kind, day)
