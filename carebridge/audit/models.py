"""The audit trail: django-auditlog's entry, made append-only, and the chain of seals that shows tampering."""

from __future__ import annotations

from typing import Any, Self
from uuid import UUID

import pgtrigger
from auditlog.models import AbstractLogEntry, LogEntryManager
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from carebridge.audit.directory import Reach, directory
from carebridge.audit.origin import origin, outside_facts

APPEND_ONLY = """
IF TG_OP = 'DELETE' AND current_setting('carebridge.purging_audit', true) = 'on'
   AND OLD.timestamp < now() - interval '365 days'
   AND EXISTS (SELECT 1 FROM audit_seal WHERE entry_id = OLD.id) THEN
    RETURN OLD;
END IF;
RAISE EXCEPTION 'The audit trail is append-only: % refused', TG_OP;
"""
"""Only the purge sets the setting, and even it can't remove what is younger than a year or was never sealed."""

LOOKING_THROUGH = ("patient.searched", "patient.listed", "appointment.listed")
"""Events about several patients at once; their ids stand in the row's additional data, under "patients"."""

QUEUE_FOR_SEAL = "INSERT INTO audit_unsealed (entry_id) VALUES (NEW.id); RETURN NULL;"


class LogEntryQuerySet(models.QuerySet["LogEntry"]):
    def visible_within(self, reach: Reach) -> Self:
        """Rows of the clinics within reach, and rows of no clinic by or about people who work there."""
        about = Q(
            content_type__app_label="accounts",
            content_type__model="user",
            object_pk__in=[str(each) for each in reach.people],
        )
        seen = Q(clinic_id__in=list(reach.clinics)) | Q(clinic_id=None, actor__in=reach.people)
        seen |= Q(clinic_id=None, actor=None) & about
        if reach.sees_rest:
            seen |= Q(clinic_id=None, actor=None)
        return self.filter(seen)

    def about_patient(self, patient_id: UUID) -> Self:
        """Rows about one patient: their record, their visits, and lists and searches that showed them."""
        among_others = Q(event__in=LOOKING_THROUGH, additional_data__contains={"patients": [str(patient_id)]})
        return self.filter(Q(patient_id=patient_id) | among_others)


class Trail(LogEntryManager.from_queryset(LogEntryQuerySet)):  # type: ignore[misc]
    """Fills in what the domain knows of a row, whoever writes it: a command, or django-auditlog by itself."""

    def log_create(self, instance: models.Model, force_log: bool = False, **facts: Any) -> LogEntry | None:
        """As django-auditlog's, with clinic, patient, role, address and process."""
        entry: LogEntry | None = super().log_create(instance, force_log, **completed(instance, facts))
        return entry

    def log_m2m_changes(
        self, changed_queryset: Any, instance: models.Model, operation: str, field_name: str, **facts: Any
    ) -> LogEntry | None:
        """As django-auditlog's, for what was added to a row or taken from it."""
        entry: LogEntry | None = super().log_m2m_changes(
            changed_queryset, instance, operation, field_name, **completed(instance, facts)
        )
        return entry


def completed(instance: models.Model, facts: dict[str, Any]) -> dict[str, Any]:
    """The facts of a row about `instance`, with what its writer left open: from the request, and from the domain."""
    known, served = directory(), origin()
    actor = facts.get("actor") or served.get("actor")
    clinic_id = facts.get("clinic_id") or known.clinic_of(instance)
    role = facts.get("role") or served.get("role") or (known.role_of(actor, clinic_id) if actor and clinic_id else "")
    found = {
        "patient_id": known.patient_of(instance),
        "remote_addr": served.get("remote_addr"),
        **facts,
        "actor": actor,
        "clinic_id": clinic_id,
        "role": role,
    }
    # Which token it came with; outside of requests which process.
    around = served.get("facts") if served.get("in_request") else outside_facts()
    if around:
        found["additional_data"] = {**(facts.get("additional_data") or {}), **around}
    return found


class LogEntry(AbstractLogEntry):
    """One thing somebody did, saw or tried. Rows are never changed or removed: the database refuses."""

    event = models.CharField(
        max_length=64, blank=True, help_text="The domain's word for it, such as appointment.cancelled"
    )
    role = models.CharField(max_length=32, blank=True)
    clinic_id = models.BigIntegerField(null=True, blank=True, db_index=True)
    patient_id = models.UUIDField(null=True, blank=True, help_text="Whom it is about")
    refused = models.BooleanField(default=False, db_default=False, help_text="It was tried, and not allowed")

    objects = Trail()

    class Meta(AbstractLogEntry.Meta):
        abstract = False
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["patient_id", "-id"], condition=Q(patient_id__isnull=False), name="audit_of_patient"),
            models.Index(fields=["timestamp"], condition=Q(refused=True), name="audit_refused"),
            GinIndex(
                fields=["additional_data"],
                opclasses=["jsonb_path_ops"],
                condition=Q(event__in=LOOKING_THROUGH),
                name="audit_of_patients",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="append_only",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func=APPEND_ONLY,
            ),
            pgtrigger.Trigger(
                name="queue_for_seal", when=pgtrigger.After, operation=pgtrigger.Insert, func=QUEUE_FOR_SEAL
            ),
        ]


class Unsealed(models.Model):
    """A row that waits for its seal, put here by the database in the row's own transaction.

    Whatever order transactions commit in, a row appears here exactly when it is committed, so none is skipped.
    """

    entry_id = models.BigIntegerField(primary_key=True)

    class Meta:
        verbose_name_plural = "unsealed"

    def __str__(self) -> str:
        return f"Entry {self.entry_id}"


class Seal(models.Model):
    """One link of the chain: the print of one row, bound to every row sealed before it. Outlives the row.

    What the prints are made of is said in `carebridge.audit.sealing`.
    """

    position = models.BigIntegerField(primary_key=True, help_text="1, 2, 3… without gaps: the order of sealing")
    entry_id = models.BigIntegerField(unique=True)
    row_hash = models.BinaryField(max_length=32)
    chain_hash = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()

    class Meta:
        ordering = ["position"]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"Seal {self.position}"
