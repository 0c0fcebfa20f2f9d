"""Removing the whole schedule, for demo copies only. People and the audit trail stay: they point at each other."""

from __future__ import annotations

from django.apps import apps
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection, transaction

from carebridge.audit.trail import Action, log_change
from scheduling.models import Clinic


def wipe_schedule() -> None:
    """Empty every table of the schedule, and what hangs on it in other apps. Never to be called in production."""
    with transaction.atomic():
        clinic = Clinic.objects.first()
        if clinic is not None:
            log_change(clinic, event="demo.wiped", by=None, action=Action.DELETE)
        tables = ", ".join(
            connection.ops.quote_name(model._meta.db_table)
            for model in apps.get_app_config("scheduling").get_models(include_auto_created=True)
        )
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
        # As Django's own flush does: apps put back what every copy of the site has, such as rules of messages.
        emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)
