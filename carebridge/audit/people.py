"""Accounts of members of staff are followed by django-auditlog itself, whoever changes them and by whatever road."""

from __future__ import annotations

from auditlog.registry import auditlog

from carebridge.accounts.models import User

SHOWN = {"id", "username", "is_active", "is_staff", "is_superuser"}
"""What a row may tell the value of; every other field appears by name, new ones too until they are listed."""
NOT_FOLLOWED = {"last_login"}
"""Each sign-in changes it, and has a row of its own."""


def register() -> None:
    """Follow users, their groups and their permissions; called once, when the app is ready."""
    names = {field.name for field in User._meta.concrete_fields}
    auditlog.register(
        User,
        exclude_fields=sorted(names & NOT_FOLLOWED),
        mask_fields=sorted(names - SHOWN - NOT_FOLLOWED),
        m2m_fields=["groups", "user_permissions"],
    )
