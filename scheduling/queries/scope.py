"""Who is looking at a clinic's schedule, and how much of it they may see."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from scheduling.models import Clinic
from scheduling.permissions import clinic_ids_with, clinics_as_doctor, may
from scheduling.roles import Permission

if TYPE_CHECKING:
    from carebridge.accounts.models import User

SHOWN = (Permission.SEE_SCHEDULE, Permission.SEE_PATIENTS, Permission.BOOK, Permission.CHECK_IN, Permission.RUN_VISIT)


@dataclass(frozen=True)
class Viewer:
    """A person in front of one clinic's schedule; each question about them is answered once."""

    user: User
    clinic: Clinic

    @cached_property
    def sees_all(self) -> bool:
        """Everyone's columns; a doctor without another role sees only their own."""
        return may(self.user, Permission.SEE_SCHEDULE, self.clinic.pk)

    @cached_property
    def may_open(self) -> bool:
        """Whether there is a board for this person at all: somebody's, or a doctor's own."""
        return self.sees_all or self.clinic.pk in clinics_as_doctor(self.user)

    @cached_property
    def sees_names(self) -> bool:
        """Names of patients. A doctor's own patients are theirs to see by being on their list."""
        return not self.sees_all or may(self.user, Permission.SEE_PATIENTS, self.clinic.pk)

    @cached_property
    def books(self) -> bool:
        return may(self.user, Permission.BOOK, self.clinic.pk)

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever the person's view of the same schedule would."""
        granted = "".join("1" if may(self.user, each, self.clinic.pk) else "0" for each in SHOWN)
        return f"{self.user.pk}:{granted}"

    @cached_property
    def known_clinics(self) -> frozenset[int]:
        """Clinics whose names the person may read, such as where a doctor is this afternoon."""
        return frozenset(clinic_ids_with(self.user, Permission.SEE_DIRECTORY))
