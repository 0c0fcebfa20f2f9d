"""Users, the names of the roles they can hold, and invitations to become one."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from guardian.mixins import GuardianUserMixin

from carebridge.accounts.tokens import ApiToken, PatientToken

__all__ = ["ApiToken", "Invitation", "PatientToken", "Role", "User", "UserKind"]


class Role(models.TextChoices):
    """What a person is at a clinic. What each role may do is decided in `scheduling.permissions`."""

    RECEPTIONIST = "receptionist", "Receptionist"
    DOCTOR = "doctor", "Doctor"
    CLINIC_ADMINISTRATOR = "clinic_administrator", "Clinic administrator"
    OPERATIONS_MANAGER = "operations_manager", "Operations manager"
    SUPPORT = "support", "Support"
    SYSTEM_ADMINISTRATOR = "system_administrator", "System administrator"


class UserKind(models.TextChoices):
    """Who signs in, and what only carries tokens."""

    PERSON = "person", "Person"
    SERVICE = "service", "Service account"


class User(GuardianUserMixin, AbstractUser):
    """A member of staff or a service account. Patients never have one.

    People are deactivated, never deleted: the audit trail points at them for good.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(
        max_length=8, choices=UserKind.choices, default=UserKind.PERSON, db_default=UserKind.PERSON, editable=False
    )

    is_demo = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="An invented person of the demo clinics. Where the demo is switched on they need no second factor.",
    )

    only_clinics: frozenset[int] | None = None
    """Set with a token that is limited to clinics: roles elsewhere don't count for this request."""
    acts_for_patient = False
    """Set with a patient's token: nothing counts but what a patient needs to find and book a time."""

    class Meta(AbstractUser.Meta):
        verbose_name = "user"
        constraints = [
            # Without a usable password, an address to reset it by or the admin, there is no screen to sign in to.
            models.CheckConstraint(
                condition=~Q(kind=UserKind.SERVICE)
                | Q(password__startswith="!", email="", is_staff=False, is_superuser=False),  # noqa: S106
                name="user_service_cannot_sign_in",
                violation_error_message="A service account has no password, no e-mail and no admin rights.",
            )
        ]

    @property
    def is_service(self) -> bool:
        """Whether this is a portal or an app, which has tokens only."""
        return self.kind == UserKind.SERVICE

    @property
    def initials(self) -> str:
        """Two letters for an avatar."""
        return ((self.first_name[:1] + self.last_name[:1]) or self.username[:2]).upper()


class Invitation(models.Model):
    """A link by which somebody new sets their first password: used once, until it expires or is replaced.

    Only the link's digest is kept, so that nobody who reads the table can use it.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="invitations")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(used_at=None), name="invitation_one_open_per_person"
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")), name="invitation_ends_after_it_begins"
            ),
        ]

    def __str__(self) -> str:
        return f"Invitation {self.pk}"
