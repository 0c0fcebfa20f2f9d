"""Lists on their way in: rows of somebody's spreadsheet, kept while they are looked at and for 30 days at most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from scheduling.models import AppointmentType, Clinic, Patient
from waitlist.models.entry import Entry

if TYPE_CHECKING:
    from carebridge.accounts.models import User


class RowState(models.TextChoices):
    READY = "ready", "Ready"
    ERROR = "error", "To correct"
    DUPLICATE = "duplicate", "Waits already"
    LEFT_OUT = "left_out", "Left out"
    IMPORTED = "imported", "On the waitlist"


class ImportBatchQuerySet(models.QuerySet["ImportBatch"]):
    def visible_to(self, user: User) -> Self:
        """Lists that go to clinics whose waitlist the user may change."""
        from scheduling.permissions import clinic_ids_with
        from scheduling.roles import Permission

        return self.filter(clinic__in=clinic_ids_with(user, Permission.EDIT_WAITLIST))


class ImportBatch(models.Model):
    """One list: its headings, what its columns and words mean, and where it goes. The file itself isn't kept.

    `mapping` gives a column, from 0, to fields of `waitlist.sheets.columns`; `words` gives a meaning to words of a
    field: `{"visit": {"cardio fu": 12}, "urgency": {"p1": 2}}`. `month_first` names fields that write 4/3 for 3 April.
    """

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    appointment_type = models.ForeignKey(
        AppointmentType, on_delete=models.PROTECT, null=True, related_name="+", help_text="For rows that name no visit"
    )
    file_name = models.CharField(max_length=120)
    headings = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    words = models.JSONField(default=dict)
    month_first = models.JSONField(default=list)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True, db_index=True)

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        ordering = ["-uploaded_at", "-pk"]
        verbose_name_plural = "import batches"

    def __str__(self) -> str:
        return f"List {self.pk} on its way to the waitlist"


class ImportRow(models.Model):
    """One row, by its line in the file. `corrections` and `problems` are by field; a correction replaces its cell."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    cells = models.JSONField(default=list)
    corrections = models.JSONField(default=dict)
    problems = models.JSONField(default=dict)
    state = models.CharField(max_length=9, choices=RowState.choices, default=RowState.ERROR)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, null=True, related_name="+")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="waitlist_import_line_once"),
            models.CheckConstraint(
                condition=Q(state=RowState.IMPORTED, entry__isnull=False)
                | ~Q(state=RowState.IMPORTED) & Q(entry__isnull=True),
                name="waitlist_import_row_has_entry",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[RowState.READY, RowState.DUPLICATE, RowState.IMPORTED])
                | Q(patient__isnull=False),
                name="waitlist_import_row_has_patient",
            ),
        ]

    def __str__(self) -> str:
        return f"Line {self.number} of list {self.batch_id}"

    def text(self, field: str, mapping: dict[str, int]) -> str:
        """What the row says about a field, as corrected."""
        if field in self.corrections:
            return str(self.corrections[field])
        column = mapping.get(field)
        return str(self.cells[column]) if column is not None and column < len(self.cells) else ""
