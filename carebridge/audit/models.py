"""The audit trail: django-auditlog's entry, made append-only and told in which role a person acted."""

from __future__ import annotations

import pgtrigger
from auditlog.models import AbstractLogEntry
from django.db import models


class LogEntry(AbstractLogEntry):
    """One thing somebody did, saw or tried. Rows are never changed or removed: the database refuses."""

    event = models.CharField(
        max_length=64, blank=True, help_text="The domain's word for it, such as appointment.cancelled"
    )
    role = models.CharField(max_length=32, blank=True)
    clinic_id = models.BigIntegerField(null=True, blank=True, db_index=True)

    class Meta(AbstractLogEntry.Meta):
        abstract = False
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
