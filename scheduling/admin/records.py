"""What happened: history and failed reactions. Read-only for everybody, superusers too."""

from __future__ import annotations

from django.contrib import admin

from scheduling.admin.base import ReadOnlyAdmin
from scheduling.models import HandlerFailure, ScheduleEvent
from scheduling.roles import Permission


@admin.register(ScheduleEvent)
class ScheduleEventAdmin(ReadOnlyAdmin):
    permission = Permission.SEE_HISTORY
    clinic_path = "clinic"
    list_display = ("at", "kind", "clinic", "doctor", "appointment", "actor", "source")
    list_filter = ("kind", "clinic", "source")
    list_select_related = ("clinic", "doctor", "appointment", "actor")
    search_fields = ("appointment__reference", "request_id")
    date_hierarchy = "at"


@admin.register(HandlerFailure)
class HandlerFailureAdmin(ReadOnlyAdmin):
    permission = Permission.SEE_HISTORY
    clinic_path = "event__clinic"
    shared = True
    list_display = ("failed_at", "handler", "error", "tries", "resolved_at")
    list_filter = ("handler", "resolved_at")
    search_fields = ("handler",)
