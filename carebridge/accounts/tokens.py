"""Tokens that open the API: kept as a hash, ending by themselves, limited to scopes and clinics.

Clinics and patients are named by their ids, because accounts know nothing of the domain above them.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

if TYPE_CHECKING:
    from carebridge.accounts.models import User

SIGN_IN_LASTS = timedelta(hours=12)
PATIENT_TOKEN_LASTS = timedelta(minutes=15)
NOTED_EVERY = timedelta(minutes=10)
"""How exactly a token's last use is known: a row written with each request would cost more than it tells."""

PREFIX, PATIENT_PREFIX = "cb_", "cbp_"
"""What a token begins with, so that people and secret scanners recognise one that leaked."""
HINT_LENGTH = 8


class Scope(models.TextChoices):
    """What a token may be used for. It narrows what its user's roles open at a clinic and never widens it."""

    DIRECTORY_READ = "directory:read", "Read clinics, doctors, rooms, services and reasons"
    SLOTS_READ = "slots:read", "Search free times"
    APPOINTMENTS_READ = "appointments:read", "Read appointments and their history"
    APPOINTMENTS_WRITE = "appointments:write", "Hold times; book, move, cancel and run appointments"
    REMINDERS_READ = "reminders:read", "Read which messages went out about visits, and what became of them"
    WAITLIST_READ = "waitlist:read", "Read who waits for a visit, and what was offered to whom"
    WAITLIST_WRITE = "waitlist:write", "Put patients on the waitlist"
    PATIENTS_READ = "patients:read", "Find and read patients"
    PATIENTS_WRITE = "patients:write", "Register patients and correct their details"
    PATIENTS_EXCHANGE = "patients:exchange", "Act for one verified patient at a time"


def digest_of(secret: str) -> str:
    """What is kept of a token: SHA-256 in hex. Its 256 random bits need no slower hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret(prefix: str) -> str:
    """A token that nobody can guess."""
    return prefix + secrets.token_urlsafe(32)


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def alive(self) -> Self:
        """Tokens that still open something."""
        return self.filter(expires_at__gt=timezone.now())

    def issue(self, *, user: User, lasts: timedelta = SIGN_IN_LASTS, **facts: Any) -> tuple[ApiToken, str]:
        """A new token, and the secret that is known only now. Without `scopes` and `clinic_ids` it narrows nothing.

        Signing in is a use; a named token has had none yet.
        """
        secret, now = new_secret(PREFIX), timezone.now()
        row = self.create(
            user=user,
            digest=digest_of(secret),
            hint=secret[:HINT_LENGTH],
            expires_at=now + lasts,
            last_used_at=None if facts.get("name") else now,
            **facts,
        )
        return row, secret


class ApiToken(models.Model):
    """A key of a person or a service account. Revoking one deletes it, and every patient's token got with it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=HINT_LENGTH, help_text="How it begins, to tell tokens apart in a list")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80, blank=True, help_text="What it is for; empty: made by signing in")
    scopes = ArrayField(
        models.CharField(max_length=32), null=True, blank=True, help_text="Empty: everything the user may do"
    )
    clinic_ids = ArrayField(models.BigIntegerField(), null=True, blank=True, help_text="Empty: wherever the user works")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="Within ten minutes")

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "API token"
        constraints = [
            # An empty list would read as "nothing" here and as "no limit" to somebody in a hurry.
            models.CheckConstraint(condition=~Q(scopes=[]) & ~Q(clinic_ids=[]), name="api_token_limits_not_empty"),
            models.CheckConstraint(
                condition=Q(name="") | Q(scopes__isnull=False), name="api_token_named_ones_have_scopes"
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="api_token_in_order"),
        ]

    def __str__(self) -> str:
        return f"Token {self.hint}…"

    def note_use(self, now: datetime) -> None:
        """Remember that it was used, at most once in ten minutes."""
        if self.last_used_at is None or now - self.last_used_at >= NOTED_EVERY:
            type(self).objects.filter(pk=self.pk).update(last_used_at=now)


class PatientTokenQuerySet(models.QuerySet["PatientToken"]):
    def alive(self) -> Self:
        """Tokens that still open something: the token they were exchanged with must live as well."""
        now = timezone.now()
        return self.filter(expires_at__gt=now, issued_with__expires_at__gt=now)

    def issue(self, *, issued_with: ApiToken, patient_id: uuid.UUID, clinic_ids: list[int]) -> tuple[PatientToken, str]:
        """A token for a quarter of an hour, and the secret that is known only now."""
        secret = new_secret(PATIENT_PREFIX)
        row = self.create(
            digest=digest_of(secret),
            issued_with=issued_with,
            patient_id=patient_id,
            clinic_ids=clinic_ids,
            expires_at=timezone.now() + PATIENT_TOKEN_LASTS,
        )
        return row, secret


class PatientToken(models.Model):
    """Opens one patient's own data and visits, through the portal that vouched for the patient. Never a user's."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    issued_with = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="patient_tokens")
    patient_id = models.UUIDField(db_index=True)
    clinic_ids = ArrayField(models.BigIntegerField())
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    objects = PatientTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="patient_token_in_order")
        ]

    def __str__(self) -> str:
        return f"Patient token {self.pk.hex[:8]}"


def forget_expired() -> int:
    """Delete what has ended, so that neither table grows for ever. How many rows."""
    ended = {"expires_at__lte": timezone.now()}
    patients, _ = PatientToken.objects.filter(**ended).delete()
    others, _ = ApiToken.objects.filter(**ended).delete()
    return patients + others
