"""Roster rows. Every save and deletion here is a command, so visits that no longer fit go to review."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from carebridge.errors import DomainError
from scheduling.admin.base import ConfigurationAdmin, actor, reach
from scheduling.admin.resources import used_at
from scheduling.models import ExtraSession, RecurringBreak, Resource, ScheduleBlock, WorkingHours
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission
from scheduling.roster import blocks, extra_sessions, weekly


class RosterAdmin(ConfigurationAdmin):
    """Rows of the roster, for those who may edit it. Subclasses say which command adds, changes and removes."""

    permission = Permission.EDIT_ROSTER
    clinic_path = "clinic"
    autocomplete_fields: tuple[str, ...] = ("resource",)
    list_select_related: tuple[str, ...] = ("resource", "clinic")
    search_fields = ("resource__name",)

    def add(self, row: Any, data: dict[str, Any], request: HttpRequest) -> Any:
        """Save a new row by its command and return it."""
        raise NotImplementedError

    def change(self, row: Any, data: dict[str, Any], request: HttpRequest) -> Any:
        """Save a changed row by its command and return it."""
        raise NotImplementedError

    def remove(self, row: Any, request: HttpRequest) -> None:
        """Remove or end a row by its command."""
        raise NotImplementedError

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        clinics = reach(request, self.permission)
        if self.clinic_path or clinics is None:
            return super().get_queryset(request)
        return super().get_queryset(request).filter(resource__in=Resource.objects.filter(used_at(clinics)))

    def may_write(self, request: HttpRequest) -> bool:
        """The commands ask for the permission itself; being a superuser shows rows but changes none."""
        return bool(clinic_ids_with(actor(request), self.permission))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may_write(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_write(request) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_write(request) and super().has_delete_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A row stays with its resource."""
        return ("resource",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        data = {name: value for name, value in form.cleaned_data.items() if name != "resource"}
        saved = self.change(obj, data, request) if change else self.add(obj, data, request)
        obj.pk, obj._state.adding = saved.pk, False

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        """Nothing is left to save: the command wrote the types as well."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.remove(obj, request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for row in queryset:
            try:
                self.remove(row, request)
            except DomainError as refusal:
                messages.error(request, f"{row}: {refusal.message}")


@admin.register(WorkingHours)
class WorkingHoursAdmin(RosterAdmin):
    list_display = ("resource", "clinic", "weekday", "starts", "ends", "every_weeks", "valid_from", "valid_until")
    list_filter = ("clinic", "weekday", "resource__kind")
    autocomplete_fields = ("resource", "appointment_types")
    date_hierarchy = "valid_from"
    fieldsets = (
        (None, {"fields": ("resource", "clinic", ("weekday", "starts", "ends"))}),
        (
            "How long it holds",
            {
                "description": "Deleting a session that has begun ends it yesterday, so that the past stays true.",
                "fields": (("every_weeks", "valid_from", "valid_until"),),
            },
        ),
        ("What for", {"fields": ("appointment_types", "note")}),
    )

    def add(self, row: WorkingHours, data: dict[str, Any], request: HttpRequest) -> WorkingHours:
        return weekly.add_working_hours(resource=row.resource, by=actor(request), **data)

    def change(self, row: WorkingHours, data: dict[str, Any], request: HttpRequest) -> WorkingHours:
        return weekly.change_working_hours(hours=row, by=actor(request), **data)  # type: ignore[typeddict-item]

    def remove(self, row: WorkingHours, request: HttpRequest) -> None:
        weekly.end_working_hours(hours=row, by=actor(request))


@admin.register(RecurringBreak)
class RecurringBreakAdmin(RosterAdmin):
    list_display = ("resource", "label", "clinic", "weekday", "starts", "ends", "valid_from", "valid_until")
    list_filter = ("clinic", "weekday")
    fields = (
        "resource",
        "clinic",
        "label",
        ("weekday", "starts", "ends"),
        ("every_weeks", "valid_from", "valid_until"),
    )

    def add(self, row: RecurringBreak, data: dict[str, Any], request: HttpRequest) -> RecurringBreak:
        return weekly.add_break(resource=row.resource, by=actor(request), **data)

    def change(self, row: RecurringBreak, data: dict[str, Any], request: HttpRequest) -> RecurringBreak:
        return weekly.change_break(row=row, by=actor(request), **data)  # type: ignore[typeddict-item]

    def remove(self, row: RecurringBreak, request: HttpRequest) -> None:
        weekly.remove_break(row=row, by=actor(request))


class AddOrRemove(RosterAdmin):
    """One-off rows are laid and lifted, never bent: lift one and lay another."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ScheduleBlock)
class ScheduleBlockAdmin(AddOrRemove):
    clinic_path = ""
    list_display = ("resource", "kind", "starts_at", "ends_at", "reason", "source")
    list_filter = ("kind", "resource__kind")
    list_select_related = ("resource",)
    date_hierarchy = "starts_at"
    fields = ("resource", "kind", ("starts_at", "ends_at"), "reason")

    def add(self, row: ScheduleBlock, data: dict[str, Any], request: HttpRequest) -> ScheduleBlock:
        return blocks.block_time(resource=row.resource, by=actor(request), **data)

    def remove(self, row: ScheduleBlock, request: HttpRequest) -> None:
        blocks.lift_block(block=row, by=actor(request))


@admin.register(ExtraSession)
class ExtraSessionAdmin(AddOrRemove):
    list_display = ("resource", "clinic", "starts_at", "ends_at", "note")
    list_filter = ("clinic", "resource__kind")
    autocomplete_fields = ("resource", "appointment_types")
    date_hierarchy = "starts_at"
    fields = ("resource", "clinic", ("starts_at", "ends_at"), "appointment_types", "note")

    def add(self, row: ExtraSession, data: dict[str, Any], request: HttpRequest) -> ExtraSession:
        return extra_sessions.add_extra_session(resource=row.resource, by=actor(request), **data)

    def remove(self, row: ExtraSession, request: HttpRequest) -> None:
        extra_sessions.remove_extra_session(session=row, by=actor(request))
