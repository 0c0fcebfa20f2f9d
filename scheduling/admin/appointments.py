"""Appointments: shown in full, changed only by the actions below, each of which calls a command."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest

from carebridge.errors import DomainError
from scheduling import cancelling, reviews, visits
from scheduling.admin.base import ReadOnlyAdmin, ReadOnlyInline, actor, reach
from scheduling.models import Allocation, Appointment, Cancellation, CancellationReason, ScheduleEvent
from scheduling.roles import Permission


class AppointmentActionForm(ActionForm):
    """What the cancelling action needs beside the rows; the others ignore it."""

    reason = forms.ModelChoiceField(
        CancellationReason.objects.filter(is_active=True), required=False, empty_label="reason, when cancelling"
    )
    exception_reason = forms.CharField(
        required=False,
        max_length=240,
        label="",
        widget=forms.TextInput(attrs={"placeholder": "why, after the cut-off"}),
    )


class AllocationInline(ReadOnlyInline):
    model = Allocation
    fields = ("resource", "requirement", "core", "during", "overbooked", "released_at")
    verbose_name_plural = "What it occupies"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Allocation]:
        return (
            super().get_queryset(request).select_related("resource", "requirement__category", "requirement__resource")
        )


class CancellationInline(ReadOnlyInline):
    model = Cancellation
    fk_name = "appointment"
    fields = ("reason", "cancelled_at", "cancelled_by", "notice_minutes", "is_late", "undone_at")


class HistoryInline(ReadOnlyInline):
    model = ScheduleEvent
    fields = ("at", "kind", "actor", "source", "payload")
    verbose_name_plural = "What happened to it"


@admin.register(Appointment)
class AppointmentAdmin(ReadOnlyAdmin):
    permission = Permission.SEE_SCHEDULE
    list_display = ("reference", "starts_at", "local", "doctor", "clinic", "appointment_type", "status", "overridden")
    list_filter = ("status", "clinic", "modality", "channel")
    list_select_related = ("doctor", "clinic", "appointment_type__service")
    search_fields = ("reference",)
    date_hierarchy = "starts_at"
    ordering = ("-starts_at",)
    action_form = AppointmentActionForm
    actions = ("cancel", "check_in", "mark_no_show", "undo_status", "resolve_review", "sign_off")
    inlines = (AllocationInline, CancellationInline, HistoryInline)
    exclude = ("notes",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Appointment]:
        rows = super().get_queryset(request)
        visible = Appointment.objects.visible_to(actor(request)).values("pk")
        return rows if reach(request, self.permission) is None else rows.filter(pk__in=visible)

    @admin.display(description="local time", ordering="local_date")
    def local(self, appointment: Appointment) -> str:
        return f"{appointment.local_date:%a %-d %b %Y} {appointment.local_time:%H:%M}"

    @admin.display(description="override", boolean=True)
    def overridden(self, appointment: Appointment) -> bool:
        return bool(appointment.overrides)

    @admin.action(description="Cancel, with the reason beside")
    def cancel(self, request: HttpRequest, queryset: QuerySet[Appointment]) -> None:
        form = AppointmentActionForm(request.POST)
        form.fields["action"].choices = [("cancel", "")]  # type: ignore[attr-defined]
        reason = form.cleaned_data.get("reason") if form.is_valid() else None
        if reason is None:
            messages.error(request, "Choose a reason beside the action, then run it again.")
            return
        command = partial(
            cancelling.cancel_appointment, reason=reason, exception_reason=form.cleaned_data["exception_reason"]
        )
        self._each(request, queryset, command, "cancelled")

    @admin.action(description="Check in")
    def check_in(self, request: HttpRequest, queryset: QuerySet[Appointment]) -> None:
        self._each(request, queryset, visits.check_in_patient, "checked in")

    @admin.action(description="Mark as no-show")
    def mark_no_show(self, request: HttpRequest, queryset: QuerySet[Appointment]) -> None:
        self._each(request, queryset, visits.mark_no_show, "marked as no-show")

    @admin.action(description="Undo the last step")
    def undo_status(self, request: HttpRequest, queryset: QuerySet[Appointment]) -> None:
        self._each(request, queryset, visits.undo_status, "put back a step")

    @admin.action(description="Keep as it stands (resolve the review)")
    def resolve_review(self, request: HttpRequest, queryset: QuerySet[Appointment]) -> None:
        self._each(request, queryset, reviews.resolve_review, "kept")

    @admin.action(description="Agree to the override")
    def sign_off(self, request: HttpRequest, queryset: QuerySet[Appointment]) -> None:
        self._each(request, queryset, reviews.sign_off_override, "signed off")

    def _each(
        self, request: HttpRequest, queryset: QuerySet[Appointment], command: Callable[..., Any], done: str
    ) -> None:
        """Run a command per row: one refusal stops nobody else's."""
        count = 0
        for appointment in queryset:
            try:
                command(appointment=appointment, by=actor(request))
                count += 1
            except DomainError as refusal:
                messages.error(request, f"{appointment}: {refusal.message}")
        if count:
            messages.success(request, f"{count} {done}.")
