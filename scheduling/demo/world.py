"""What has been made so far: one object handed from step to step."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from carebridge.accounts.models import User
from scheduling.demo.horizon import Diary, Horizon, Span
from scheduling.models import (
    AppointmentType,
    Clinic,
    Doctor,
    Offering,
    OpeningHours,
    Requirement,
    Resource,
    ResourceCategory,
    Service,
)

if TYPE_CHECKING:
    from scheduling.demo.catalogue_data import TypeSpec
    from scheduling.demo.drafts import Visit


@dataclass(frozen=True)
class Session:
    """One session of a practitioner on one day; `types` None means any type they perform there."""

    doctor_id: int
    clinic_id: int
    day: date
    span: Span
    types: frozenset[int] | None = None


@dataclass(slots=True)
class Person:
    """A patient: what the generator asks about them, and the whole row."""

    id: UUID
    sex: str
    birth_date: date
    created_at: datetime
    row: dict[str, object]

    def age_on(self, day: date) -> int:
        """Full years of age on a day."""
        had_birthday = (day.month, day.day) >= (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - (not had_birthday)


@dataclass
class World:
    """Everything the demo consists of, by what later steps ask for. Ids are those of the database."""

    rng: random.Random
    horizon: Horizon
    patient_count: int

    clinics: dict[str, Clinic] = field(default_factory=dict)
    categories: dict[str, ResourceCategory] = field(default_factory=dict)
    opening_hours: dict[int, list[OpeningHours]] = field(default_factory=dict)
    resources: dict[int, Resource] = field(default_factory=dict)
    pools: dict[tuple[int, int], list[Resource]] = field(default_factory=lambda: defaultdict(list))

    services: dict[str, Service] = field(default_factory=dict)
    types: dict[int, AppointmentType] = field(default_factory=dict)
    specs: dict[int, TypeSpec] = field(default_factory=dict)
    needs: dict[int, list[Requirement]] = field(default_factory=lambda: defaultdict(list))

    doctors: dict[int, Doctor] = field(default_factory=dict)
    usual_rooms: dict[tuple[int, int], int] = field(default_factory=dict)
    offerings: dict[tuple[int, int], list[Offering]] = field(default_factory=lambda: defaultdict(list))
    fullness: dict[int, float] = field(default_factory=dict)

    users: dict[str, User] = field(default_factory=dict)
    receptionists: dict[int, list[User]] = field(default_factory=lambda: defaultdict(list))

    diaries: dict[int, Diary] = field(default_factory=lambda: defaultdict(Diary))
    sessions: list[Session] = field(default_factory=list)

    patients: list[Person] = field(default_factory=list)
    home_clinics: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    visits: list[Visit] = field(default_factory=list)

    def clinic(self, code: str) -> Clinic:
        return self.clinics[code]

    def pool(self, clinic_id: int, category_id: int) -> list[Resource]:
        """Resources of a category at a clinic, in the order in which they are used up."""
        return self.pools[clinic_id, category_id]

    def add_resource(
        self,
        clinic: Clinic,
        name: str,
        *categories: str,
        fixed_in: Resource | None = None,
        keeps_own_hours: bool = False,
    ) -> Resource:
        """Make a room, a device or a member of clinical staff that carries the named categories."""
        carried = [self.categories[category] for category in categories]
        resource = Resource.objects.create(
            name=name, kind=carried[0].kind, clinic=clinic, fixed_in=fixed_in, keeps_own_hours=keeps_own_hours
        )
        links = Resource.categories.through
        links.objects.bulk_create(
            links(resource_id=resource.pk, resourcecategory_id=category.pk) for category in carried
        )
        self.resources[resource.pk] = resource
        for category in carried:
            self.pools[clinic.pk, category.pk].append(resource)
        return resource

    def doctor_named(self, family_name: str) -> Doctor:
        """The practitioner of that family name; the demo has no two."""
        return next(doctor for doctor in self.doctors.values() if doctor.family_name == family_name)

    def resource_named(self, clinic_code: str, name: str) -> Resource:
        clinic = self.clinics[clinic_code]
        return next(each for each in self.resources.values() if each.clinic_id == clinic.pk and each.name == name)
