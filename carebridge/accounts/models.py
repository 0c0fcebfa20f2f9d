"""Users and the names of the roles they can hold."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models
from guardian.mixins import GuardianUserMixin


class Role(models.TextChoices):
    """What a person is at a clinic. What each role may do is decided in `scheduling.permissions`."""

    RECEPTIONIST = "receptionist", "Receptionist"
    DOCTOR = "doctor", "Doctor"
    CLINIC_ADMINISTRATOR = "clinic_administrator", "Clinic administrator"
    OPERATIONS_MANAGER = "operations_manager", "Operations manager"
    SUPPORT = "support", "Support"
    SYSTEM_ADMINISTRATOR = "system_administrator", "System administrator"


class User(GuardianUserMixin, AbstractUser):
    """A member of staff or a service account. Patients never have one.

    People are deactivated, never deleted: the audit trail points at them for good.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta(AbstractUser.Meta):
        verbose_name = "user"

    @property
    def initials(self) -> str:
        """Two letters for an avatar."""
        return ((self.first_name[:1] + self.last_name[:1]) or self.username[:2]).upper()
