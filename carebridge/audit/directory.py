"""What the trail must know about the domain, which it may not import: the domain says it here when it starts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from django.db import models
from django.urls import ResolverMatch

from carebridge.accounts.models import User


@dataclass(frozen=True, slots=True)
class Reach:
    """How far somebody may look into the trail."""

    clinics: Mapping[int, str] = field(default_factory=dict)
    """Clinics whose rows they see, by id, with their names."""
    people: frozenset[UUID] = frozenset()
    """Members of those clinics, whose rows are shown too where no clinic is concerned, such as sign-ins."""
    sees_rest: bool = False
    """Rows of no clinic and no person: what the system itself does, or nobody known tried."""
    exports: bool = False


class Directory(Protocol):
    """The questions that the trail asks of the domain."""

    def clinic_of(self, instance: models.Model) -> int | None:
        """The clinic a row belongs to."""

    def patient_of(self, instance: models.Model) -> UUID | None:
        """The patient a row is about."""

    def role_of(self, user: User, clinic_id: int) -> str:
        """The role in which somebody acts at a clinic."""

    def reach_of(self, user: User, *, refusals: bool = False) -> Reach:
        """How far somebody may look into the trail; with `refusals`, only into what was refused."""

    def asked_for(self, match: ResolverMatch) -> models.Model | None:
        """The row that an address names, whether or not the caller may see it; None when there is none."""

    def patient_by_reference(self, reference: str, clinics: Collection[int]) -> UUID | None:
        """The patient of an appointment at one of these clinics."""

    def patient_name(self, user: User, patient_id: UUID) -> str | None:
        """What to call a patient in front of `user`; None when there is no such patient within their reach."""


class Nobody:
    """Before the domain has said anything: no clinics, no patients, nothing to show."""

    def clinic_of(self, instance: models.Model) -> int | None:
        return None

    def patient_of(self, instance: models.Model) -> UUID | None:
        return None

    def role_of(self, user: User, clinic_id: int) -> str:
        return ""

    def reach_of(self, user: User, *, refusals: bool = False) -> Reach:
        return Reach()

    def asked_for(self, match: ResolverMatch) -> models.Model | None:
        return None

    def patient_by_reference(self, reference: str, clinics: Collection[int]) -> UUID | None:
        return None

    def patient_name(self, user: User, patient_id: UUID) -> str | None:
        return None


_known: list[Any] = [Nobody()]


def register(directory: Directory) -> None:
    """Called once, when the domain's app is ready."""
    _known[0] = directory


def directory() -> Directory:
    """The domain's answers."""
    known: Directory = _known[0]
    return known
